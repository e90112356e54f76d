/*
 * The lock protocol, for Spin. docs/model.md says what is covered and what is not;
 * check.sh says which builds of this file are checked and what is expected of each.
 *
 * Time is a count of ticks. Nothing stores a moment: every field that stands for one
 * holds its age, or what is left of it, and a tick changes all of them at once. So the
 * state space is finite although time never ends.
 */

/* ---- sizes and times, all of them ticks (check.sh sets some of them with -D) ---- */
#ifndef NTS
#define NTS 2            /* TypeScript clients: 1 or 2 */
#endif
#ifndef NPY
#define NPY 1            /* Python clients: 0 or 1 */
#endif
#ifndef LEASE
#define LEASE 4
#endif
#ifndef MARGIN
#define MARGIN 1         /* taken off by a TypeScript holder */
#endif
#ifndef EXTRA
#define EXTRA 1          /* added by a TypeScript contender to a Python lease */
#endif
#ifndef TOLERANCE
#define TOLERANCE 1      /* clockTolerance */
#endif
#ifndef FAST
#define FAST 1           /* a contender's clock gains this much over one lease */
#endif
#ifndef DATE_SKEW
#define DATE_SKEW 1      /* the Date that a contender sees may be ahead by this much */
#endif
#ifndef DELAY
#define DELAY 4          /* a TypeScript write older than this is dropped */
#endif
#ifndef STRAYS
#define STRAYS 1         /* copies on the wire that no client waits for: 1 or 2 */
#endif
/* How far a client's wall clock is behind the server's: LAG0 and LAG1, or where there is
   ANY_LAG, any constants in LAG_MIN..LAG_MAX. LAG_MIN is the smallest in either case. */
#ifndef LAG0
#define LAG0 1
#endif
#ifndef LAG1
#define LAG1 -1
#endif
#ifndef LAG_MIN
#define LAG_MIN -1
#endif
#ifndef LAG_MAX
#define LAG_MAX 1
#endif

/*
 * ---- fencing tokens, with RESTORES or TTL: then no Python, and `entry` is 0 also where it is kept, and free ----
 * A token is kept as what the server's clock is past it, plus SHIFT, so a greater token is a smaller number:
 *   0          none
 *   1 and up   as far as the clocks are ahead, or one more, and then older with each tick; it stops at OLDEST
 * One token lands in a tick: so one that is raised is never further ahead than clocks are.
 * With BEHIND, client 0 draws its tokens by a clock that is days behind, until an answer corrects it.
 */
#ifdef RESTORES
#define TOKENS
#endif
#ifdef TTL
#define TOKENS
#endif
#ifdef TOKENS
#define SHIFT    (2 - LAG_MIN)
#define OLDEST   (DAY + SHIFT + 1)
#ifndef MINUTE
#define MINUTE   (LAG_MAX + DELAY)                 /* no token is granted that was older than this in the last answer */
#endif
#ifndef DAY
#define DAY      (MINUTE + 1)                      /* TTL may delete an entry so long after its token, and its lease */
#endif
#ifndef OUTAGE
#define OUTAGE   (LAG_MAX - LAG_MIN + DELAY + 1)   /* a restored table is there so much later */
#endif
#endif

#define PY   NTS         /* index of the Python client */
#define N    (NTS + NPY)

/*
 * ---- versions, one byte each ----
 *   0          nothing
 *   1, 2, 3    Python: one no longer in use, the current one, the one being written
 *   4 and up   TypeScript: client, whether of its current hold, age since `sent`
 * A version's stamp is behind the server's clock by its age plus its client's lag.
 * Ages stop at CAP, which is past every comparison that is made with them.
 */
#define STALE     (LEASE + TOLERANCE + 1 - DATE_SKEW - LAG_MIN)
#if LEASE + TOLERANCE + 1 - DATE_SKEW - LAG_MIN > DELAY + 1
#define CAP       STALE
#else
#define CAP       (DELAY + 1)
#endif
#define AGES      (CAP + 1)
#define PY_OLD    1
#define PY_CUR    2
#define PY_NEW    3
#define IS_TS(v)  ((v) >= 4)
#define IS_PY(v)  ((v) >= 1 && (v) <= 3)
#define CLIENT(v) (((v) - 4) / (2 * AGES))
#define CURRENT(v) ((((v) - 4) / AGES) % 2)
#define AGE(v)    (((v) - 4) % AGES)
#define VERSION(c, cur, age) (4 + ((c) * 2 + (cur)) * AGES + (age))
#define OF_HOLD(v, c) (IS_TS(v) && CLIENT(v) == (c) && CURRENT(v))
#define SAME_HOLD(v, w) (IS_TS(v) && IS_TS(w) && (v) - AGE(v) == (w) - AGE(w))

/* ---- requests ---- */
#define NONE    0
#define ACQUIRE 1   /* put `ver` where there is no entry, or exactly `cond` */
#define REFRESH 2   /* TypeScript: put `ver` over an older version of the same hold */
#define RELEASE 3   /* TypeScript: delete any version of the same hold */
#define PYWRITE 4   /* Python's refresh: put `ver` over exactly `cond` */
#define PYDEL   5   /* Python's release: delete exactly `cond` */
#define PYGET   6   /* Python's consistent read */
#define ANSWER  7   /* none any more: it succeeded, and the answer is on its way */

/* ---- states of a client ---- */
#define IDLE     0  /* Python */
#define WAITING  1  /* or not even interested: a TypeScript client may do nothing for ever */
#define UNSURE   2  /* TypeScript: a write of its own landed, with nothing left to grant */
#define HOLDING  3
#define DEAD     4
#define READING  5  /* Python, then asleep for a lease, then: */
#define SLEEPING 6
#define STEALING 7
#define ENDING   8  /* Python: a refresh failed, and its refresher went with it */

byte entry = 0;          /* the version in the table */

byte state[N];
byte left[N];            /* what is left until the deadline: it holds while this is > 0 */
byte kind[N];            /* the request whose answer it waits for */
byte due[NTS];           /* ANSWER: what the deadline that it will offer has left */
byte ver[N];
byte cond[N];
byte seen[N];            /* the last version that it was shown of another's entry */
byte seenFor[N];         /* for how long; Python: how much longer it sleeps */
#ifdef LIVE
bool drew[NTS];          /* asked for something in this tick; the next request is due next tick */
#endif
#ifdef ANY_LAG
short lag[NTS];
#define LAG(c) lag[c]
#else
#define LAG(c) ((c) == 0 -> LAG0 : LAG1)
#endif
#if NPY > 0
byte pySent;             /* what a lease begun when Python sent its write has left */
#endif

byte wireKind[STRAYS];   /* copies on the wire that nobody waits for */
byte wireVer[STRAYS];
byte wireCond[STRAYS];

#ifdef WITHOUT_FIRST_SENT
byte resent[NTS];        /* age of the last repeat */
#endif
#ifdef LIVE
bool calm = false;       /* the others are gone, and the wire behaves */
#endif

#ifdef TOKENS
byte token = 0;          /* in the table */
byte known[NTS];         /* the greatest that it was shown since it began to ask */
byte want[NTS];          /* what its acquire carries */
byte wireWant[STRAYS];
byte mine[NTS];          /* what it was told that it has */
byte greatest = 0;       /* of all that were granted; 0 before the first */
bool forgotten[NTS];     /* its hold is of the time before a restore: nothing is promised of it */
bool landedNow = false;  /* a token landed in this tick */
#ifdef BEHIND
bool behind = true;      /* client 0 has had no answer yet */
#define IS_BEHIND(c) ((c) == 0 && behind)
#else
#define IS_BEHIND(c) false
#endif
byte outage = 0;         /* no table is there for so long */
#ifdef RESTORES
bool kept = false;       /* there is a backup, of a table in which the lock is free: */
byte keptToken = 0;
#endif
#ifdef WITHOUT_TOKEN_EXPIRY
byte ttl = 0;            /* what a free entry has left until TTL may delete it */
#endif
#endif

hidden byte k;           /* scratch, no part of the state */
hidden byte r;

/* ---- the invariant: at most one client believes to hold ---- */
#if N == 3
#define HOLDERS ((left[0] > 0) + (left[1] > 0) + (left[2] > 0))
#else
#define HOLDERS ((left[0] > 0) + (left[1] > 0))
#endif
#define CHECK assert(HOLDERS <= 1)

/* ---- the other invariant: whoever is granted the lock has a greater token than all before ---- */
#ifdef TOKENS
#define UP (outage == 0)
#ifdef WITHOUT_CLOCK
/* Nothing but a count: no clock passes it, so it does not age. It ends. */
#define NEXT(c) (known[c] == 0 -> OLDEST : known[c] - 1)
#define AGES_BY_TICK(t) skip
#define CAN_DRAW(c) (known[c] != 1)
#else
#define BY_CLOCK(c) (IS_BEHIND(c) -> OLDEST : LAG(c) + SHIFT)
#define NEXT(c) ((known[c] == 0 || BY_CLOCK(c) < known[c]) -> BY_CLOCK(c) : known[c] - 1)
#define AGES_BY_TICK(t) t = ((t > 0 && t < OLDEST) -> t + 1 : t)
#define CAN_DRAW(c) true
#endif
/* A token that is too far behind the clock is not granted: a new hold, with a new token, replaces its own. */
#if defined(WITHOUT_CLOCK) || defined(WITHOUT_RENEWAL)
#define IS_BELATED(c) false
#else
#define IS_BELATED(c) (mine[c] > MINUTE + SHIFT)
#endif
/* Of two that are days old, either may be the greater. */
#ifdef BEHIND
#define GREATER(w, t) ((w) < (t) || ((w) == OLDEST && (t) == OLDEST))
#else
#define GREATER(w, t) ((w) < (t))
#endif
#ifdef WITHOUT_TOKEN_ORDER
#define RISES(w) true
#else
#define RISES(w) (token == 0 || GREATER(w, token))
#endif
#ifdef WITHOUT_TOKEN_IN_REFRESH
#define HAS_TOKEN(w) true
#else
#define HAS_TOKEN(w) ((w) == token)
#endif
#define KEEPS_TOKEN(c) (state[c] != HOLDING || HAS_TOKEN(mine[c]))
#define MAY_LAND(k) (UP && ((k) != ACQUIRE || !landedNow))
#define wants(c) want[c] = NEXT(c)
#define wantsSame(c) want[c] = mine[c]
#define copyWant(j, c) wireWant[j] = want[c]
#define forgetWant(c) if :: c < NTS -> want[c] = 0 :: else fi
#define dropWant(j) wireWant[j] = 0
inline land(what, v, w) {
	if :: (what) == ACQUIRE -> token = w; landedNow = true :: else fi
#ifdef WITHOUT_TOKEN_EXPIRY
	; if :: (what) == RELEASE -> ttl = DAY - LAG(CLIENT(v)) :: else fi
#endif
}
inline isTold(c, t) { if :: state[c] != HOLDING -> mine[c] = t :: else fi }
inline refuseBelated(c) { if :: state[c] != HOLDING && IS_BELATED(c) -> r = 0 :: else fi }
inline isShownToken(c) { if :: kind[c] == ACQUIRE && (known[c] == 0 || token < known[c]) -> known[c] = token :: else fi }
/* Some are too old to make a difference. */
#ifdef WITHOUT_CLOCK
#define pruneTokens() skip
#else
#ifdef WITHOUT_RENEWAL
#define pruneGreatest() skip
#else
/* An answer that comes late may grant a token that was younger when it left. */
#define pruneGreatest() if :: greatest > MINUTE + SHIFT && due[0] == 0 && due[1] == 0 -> greatest = 0 :: else fi
#endif
inline pruneTokens() {
	for (k : 0 .. NTS - 1) {
		if :: !IS_BEHIND(k) && known[k] > BY_CLOCK(k) -> known[k] = 0 :: else fi;
		if :: state[k] != HOLDING && state[k] != UNSURE && kind[k] != ANSWER -> mine[k] = 0 :: else fi
	}
	pruneGreatest()
}
#endif
inline grant(c) {
	left[c] = r; state[c] = HOLDING;
	if
	:: forgotten[c]
	:: else -> assert(greatest == 0 || GREATER(mine[c], greatest)); greatest = mine[c]
	fi
}
/* The holder of before a restore believes as well. */
#ifdef RESTORES
#undef CHECK
#define CHECK skip
#endif
#else
#define RISES(w) true
#define HAS_TOKEN(w) true
#define KEEPS_TOKEN(c) true
#define MAY_LAND(k) true
#define CAN_DRAW(c) true
#define wants(c) skip
#define wantsSame(c) skip
#define copyWant(j, c) skip
#define forgetWant(c) skip
#define dropWant(j) skip
#define land(what, v, w) skip
#define isTold(c, t) skip
#define refuseBelated(c) skip
#define pruneTokens() skip
#define isShownToken(c) skip
#endif

/* ---- rules of a contender ---- */
#ifdef TOPBIT
#define HAS_TOPBIT(c) ((c) == 0)
#else
#define HAS_TOPBIT(c) false
#endif

#ifdef WITHOUT_TOPBIT
#define MAY_BE_STALE(c) true
#else
#define MAY_BE_STALE(c) (!HAS_TOPBIT(c))
#endif

#ifdef WITHOUT_STAMPED
#define BY_STAMP(v) false
#else
#define BY_STAMP(v) (IS_TS(v) && MAY_BE_STALE(CLIENT(v)) && \
	AGE(v) + LAG(CLIENT(v)) + DATE_SKEW > LEASE + TOLERANCE)
#endif

#ifdef WITHOUT_OBSERVED
#define BY_TIME(c) false
#else
#define BY_TIME(c) (seenFor[c] >= LEASE + (IS_PY(seen[c]) -> EXTRA : 0))
#endif

#define BY_OWN(v, c) (IS_TS(v) && CLIENT(v) == c && !CURRENT(v))

#define EXPIRED 255      /* seenFor: needs no more time */
#define MAY_TAKE(c) (seen[c] != 0 && (seenFor[c] == EXPIRED || BY_TIME(c)))

/* ---- rules of a holder: what is left of a deadline `a` ticks after `sent` ---- */
#ifdef WITHOUT_SHORTENING
#define SHORTER(a, c) 0
#else
#define SHORTER(a, c) ((HAS_TOPBIT(c) || (a) + LAG(c) < 0) -> 0 : (a) + LAG(c))
#endif
#define REST(a, c) (((a) + SHORTER(a, c) + MARGIN < LEASE) -> LEASE - MARGIN - (a) - SHORTER(a, c) : 0)
#ifdef WITHOUT_FIRST_SENT
#define OFFER(v, c) (((v) == ver[c]) -> REST(resent[c], c) : REST(AGE(v), c))
#define REPEATED(c) if :: c < NTS -> resent[c] = 0 :: else fi
#else
#define OFFER(v, c) REST(AGE(v), c)
#define REPEATED(c) skip
#endif

/* ---- conditions of the writes ---- */
#ifdef WITHOUT_EXACT_TAKEOVER
#define ACQUIRE_OK(c) (entry == 0 || (c) != 0)
#else
#define ACQUIRE_OK(c) (entry == 0 || entry == (c))
#endif
#ifdef WITHOUT_VERSION_ORDER
#define REFRESH_OK(v) (SAME_HOLD(entry, v))
#else
#ifdef WITHOUT_HOLD_ID
#define REFRESH_OK(v) (IS_TS(entry) && AGE(entry) > AGE(v))
#else
#define REFRESH_OK(v) (SAME_HOLD(entry, v) && AGE(entry) > AGE(v))
#endif
#endif
#ifdef WITHOUT_RELEASE_CONDITION
#define RELEASE_OK(v) (entry != 0)
#else
#define RELEASE_OK(v) (SAME_HOLD(entry, v))
#endif
#define OK(k, v, c, w) ( \
	((k) == ACQUIRE && ACQUIRE_OK(c) && RISES(w)) || \
	((k) == REFRESH && REFRESH_OK(v) && HAS_TOKEN(w)) || \
	((k) == RELEASE && RELEASE_OK(v)) || \
	(((k) == PYWRITE || (k) == PYDEL) && entry == (c)))
#define WRITTEN(k, v) (((k) == RELEASE || (k) == PYDEL) -> 0 : (v))

#ifdef LIVE
#define MAY_STOP(c)  (!calm || (state[c] == HOLDING && left[c] == 0))
#define MAY_LOSE     (!calm)
#define MAY_CRASH(c) (c != TARGET)
#else
#define MAY_STOP(c)  true
#define MAY_LOSE     true
#define MAY_CRASH(c) true
#endif

#define ask(c, what, v, x) kind[c] = what; ver[c] = v; cond[c] = x
inline forget(c) { kind[c] = NONE; ver[c] = 0; cond[c] = 0; forgetWant(c); if :: c < NTS -> due[c] = 0 :: else fi }
inline drop(j) { wireKind[j] = NONE; wireVer[j] = 0; wireCond[j] = 0; dropWant(j) }

/* One version of a hold a tick, or they could not be told apart. Fairness needs a stricter rule. */
#ifdef LIVE
#define MAY_DRAW(c) (!drew[c])
#define DRAWN(c) drew[c] = true
#define NOT_DRAWN(c) drew[c] = false
#else
#define MAY_DRAW(c) (entry != VERSION(c, 1, 0) && !ON_WIRE(VERSION(c, 1, 0)))
#define DRAWN(c) skip
#define NOT_DRAWN(c) skip
#endif

/* the client is done with its hold id: versions that carry it are of an old hold from now on */
#ifdef WITHOUT_NEW_HOLD_ID
#define AGED_OUT(v, c) skip
#define RELEASED(c) VERSION(c, 1, CAP)
#else
#define AGED_OUT(v, c) v = (OF_HOLD(v, c) -> v - AGES : v)
#define RELEASED(c) VERSION(c, 0, CAP)
#endif
inline stop(c) {
	state[c] = WAITING; left[c] = 0; NOT_DRAWN(c);
	AGED_OUT(entry, c);
#ifdef TOKENS
	known[c] = 0; mine[c] = 0; forgotten[c] = false;
#endif
	for (k : 0 .. N - 1) { AGED_OUT(ver[k], c); AGED_OUT(cond[k], c); AGED_OUT(seen[k], c) }
	for (k : 0 .. STRAYS - 1) { AGED_OUT(wireVer[k], c); AGED_OUT(wireCond[k], c) }
	if :: BY_OWN(seen[c], c) -> seenFor[c] = EXPIRED :: else fi
}

/* Python's versions: a is called b from now on */
#define SWAP(v, a, b) v = (v == a -> b : v)
inline pyRename(a, b) {
	SWAP(entry, a, b);
	for (k : 0 .. N - 1) { SWAP(ver[k], a, b); SWAP(cond[k], a, b); SWAP(seen[k], a, b) }
	for (k : 0 .. STRAYS - 1) { SWAP(wireVer[k], a, b); SWAP(wireCond[k], a, b) }
}
inline pyStop() { state[PY] = IDLE; left[PY] = 0; pyRename(PY_CUR, PY_OLD); pyRename(PY_NEW, PY_OLD) }

/*
 * Forgets what can make no difference any more: a version remembered or expected that is
 * not in the table and that no request under way would put there, and copies on the wire
 * whose condition cannot come true again. It changes no behaviour, only the state count.
 */
#if N == 3
#define ASKED(v) (ver[0] == v || ver[1] == v || ver[2] == v)
#define HOLD_ASKED(v) (SAME_HOLD(ver[0], v) || SAME_HOLD(ver[1], v))
#else
#define ASKED(v) (ver[0] == v || ver[1] == v)
#define HOLD_ASKED(v) (SAME_HOLD(ver[0], v) || SAME_HOLD(ver[1], v))
#endif
#if STRAYS == 1
#define ON_WIRE(v) (wireVer[0] == v)
#define HOLD_ON_WIRE(j, v) (j != 0 && SAME_HOLD(wireVer[0], v))
#else
#define ON_WIRE(v) (wireVer[0] == v || wireVer[1] == v)
#define HOLD_ON_WIRE(j, v) ((j != 0 && SAME_HOLD(wireVer[0], v)) || (j != 1 && SAME_HOLD(wireVer[1], v)))
#endif
#if NPY > 0
#define PY_TO_COME(v) (v == PY_CUR && (state[PY] == READING || state[PY] == SLEEPING || state[PY] == STEALING))
#else
#define PY_TO_COME(v) false
#endif
#define MATTERS(v) (entry == v || ASKED(v) || ON_WIRE(v) || PY_TO_COME(v))
#define HOLD_TO_COME(v) (CURRENT(v) && (state[CLIENT(v)] == WAITING || state[CLIENT(v)] == UNSURE || state[CLIENT(v)] == HOLDING))
#ifdef NO_PRUNE
#define PRUNE skip
#else
#define PRUNE prune()
#endif
inline prune() {
	for (k : 0 .. STRAYS - 1) {
		if
		:: wireKind[k] == REFRESH && !REFRESH_OK(wireVer[k]) && !HOLD_ASKED(wireVer[k]) && !HOLD_ON_WIRE(k, wireVer[k]) -> drop(k)
		:: wireKind[k] == RELEASE && !RELEASE_OK(wireVer[k]) && !HOLD_ASKED(wireVer[k]) && !HOLD_ON_WIRE(k, wireVer[k]) && !HOLD_TO_COME(wireVer[k]) -> drop(k)
		:: (wireKind[k] == PYWRITE || wireKind[k] == PYDEL) && !MATTERS(wireCond[k]) -> drop(k)
		:: wireKind[k] == ACQUIRE && wireCond[k] != 0 && !MATTERS(wireCond[k]) -> wireCond[k] = 0
		:: else
		fi
	}
	for (k : 0 .. NTS - 1) {
		if :: kind[k] == ANSWER && state[k] == HOLDING && (due[k] <= left[k] || left[k] == 0) -> forget(k)
		:: kind[k] == RELEASE && !RELEASE_OK(ver[k]) && !HOLD_ON_WIRE(STRAYS, ver[k]) -> forget(k)
		:: else
		fi
	}
#if NPY > 0
	if
	:: kind[PY] == PYDEL && !MATTERS(cond[PY]) -> forget(PY)
	:: kind[PY] == PYWRITE && !MATTERS(cond[PY]) -> forget(PY); pySent = 0; state[PY] = ENDING
	:: else
	fi;
#endif
	for (k : 0 .. N - 1) {
		if :: seen[k] != 0 && !MATTERS(seen[k]) -> seen[k] = 0;
			if :: k < NTS -> seenFor[k] = 0 :: else fi
		:: else fi;
		if :: kind[k] == ACQUIRE && cond[k] != 0 && !MATTERS(cond[k]) -> cond[k] = 0 :: else fi
	}
	pruneTokens();
	k = 0
}

/* ---- a TypeScript client ---- */
proctype TypeScript(byte c) {
	do
	:: d_step { state[c] == WAITING && kind[c] == NONE && MAY_DRAW(c) && CAN_DRAW(c) ->
		ask(c, ACQUIRE, VERSION(c, 1, 0), (MAY_TAKE(c) -> seen[c] : 0)); wants(c); DRAWN(c); REPEATED(c); PRUNE }
	:: d_step { (state[c] == UNSURE || (state[c] == HOLDING && left[c] > 0)) && kind[c] == NONE && MAY_DRAW(c) ->
		ask(c, REFRESH, VERSION(c, 1, 0), 0); wantsSame(c); DRAWN(c); REPEATED(c); PRUNE }
	/* gives up, lets go, or finds its time over; with a release or without */
	:: d_step { state[c] != DEAD && kind[c] == NONE && MAY_STOP(c) -> stop(c); PRUNE }
	:: d_step { state[c] != DEAD && kind[c] == NONE && (state[c] != WAITING || MAY_STOP(c)) ->
		stop(c); ask(c, RELEASE, RELEASED(c), 0); PRUNE }
	/* stops waiting for an answer; the request, if still under way, is lost */
	:: d_step { kind[c] != NONE && MAY_LOSE -> forget(c); PRUNE }
	:: d_step { state[c] != DEAD && MAY_CRASH(c) ->
		stop(c); state[c] = DEAD; forget(c); seen[c] = 0; seenFor[c] = 0; PRUNE }
	od
}

/* it is shown another's entry */
inline shown(c) {
	if
	:: entry != 0 && entry != seen[c] ->
		seen[c] = entry;
#ifdef WITHOUT_ANSWER_TIME
		seenFor[c] = (AGE(ver[c]) + FAST > LEASE + EXTRA -> LEASE + EXTRA : AGE(ver[c]) + FAST)
#else
		seenFor[c] = FAST
#endif
	:: else
	fi;
	if :: entry != 0 && (BY_STAMP(entry) || BY_OWN(entry, c)) -> seenFor[c] = EXPIRED :: else fi
}

/* a write of its own is in the table, and what that leaves is r */
inline landed(c) {
	if
#ifdef TOKENS
	:: state[c] != HOLDING && r > 0 -> grant(c)
	:: state[c] != HOLDING && r == 0 && IS_BELATED(c) ->
		if :: OF_HOLD(entry, c) -> seen[c] = entry :: else fi;
		stop(c)
	:: state[c] != HOLDING && r == 0 && !IS_BELATED(c) -> state[c] = UNSURE
#else
	:: state[c] != HOLDING -> left[c] = r; state[c] = (r > 0 -> HOLDING : UNSURE)
#endif
	:: state[c] == HOLDING && left[c] > 0 && r > left[c] -> left[c] = r
	:: else   /* past its deadline: lost for good */
	fi
}

/* it is carried out, or fails because a write of the same hold was: r is what that offers */
#define SUCCEEDS(c) ((kind[c] == ACQUIRE || kind[c] == REFRESH) && (OK(kind[c], ver[c], cond[c], want[c]) || (OF_HOLD(entry, c) && KEEPS_TOKEN(c))))
inline carryOut(c) {
	if
	:: OK(kind[c], ver[c], cond[c], want[c]) -> land(kind[c], ver[c], want[c]); entry = ver[c]; isTold(c, want[c])
	:: else -> isTold(c, token)
	fi;
#ifdef WITHOUT_LANDED_VERSION
	r = OFFER(ver[c], c);
#else
	r = OFFER(entry, c);
#endif
	refuseBelated(c)
}

inline answerTypeScript(c) {
	if
	:: kind[c] == RELEASE ->
		if :: RELEASE_OK(ver[c]) -> land(RELEASE, ver[c], 0); entry = 0 :: else fi
	:: kind[c] == ANSWER -> r = due[c]; landed(c)
	:: SUCCEEDS(c) -> carryOut(c); landed(c)
	:: else ->
		shown(c); isShownToken(c);
		if
		:: kind[c] == REFRESH ->
			if :: state[c] == UNSURE -> state[c] = WAITING :: else -> stop(c) fi
		:: else
		fi
	fi;
	forget(c); r = 0;
#ifdef BEHIND
	if :: c == 0 -> behind = false :: else fi;
#endif
	CHECK
}

/* ---- a Python client: lynk 0.3.1 ---- */
#if NPY > 0
#define askPy(what, v, x) ask(PY, what, v, x); pySent = LEASE

proctype Python() {
	do
	:: d_step { state[PY] == IDLE && kind[PY] == NONE ->
		state[PY] = WAITING; askPy(ACQUIRE, PY_CUR, 0); PRUNE }
	:: d_step { state[PY] == SLEEPING && seenFor[PY] == 0 ->
		state[PY] = STEALING; askPy(ACQUIRE, PY_CUR, seen[PY]); seen[PY] = 0; PRUNE }
	:: d_step { state[PY] == HOLDING && kind[PY] == NONE -> askPy(PYWRITE, PY_NEW, PY_CUR); PRUNE }
	/* stops believing, then releases */
	:: d_step { (state[PY] == HOLDING || state[PY] == ENDING) && kind[PY] == NONE ->
		pyStop(); ask(PY, PYDEL, 0, PY_OLD); PRUNE }
	/* boto3 gives up, and the caller sees an error */
	:: d_step { kind[PY] != NONE && MAY_LOSE ->
		forget(PY); pySent = 0;
		if :: state[PY] == HOLDING -> state[PY] = ENDING :: else -> pyStop() fi; PRUNE }
	/* the time to wait is over */
	:: d_step { state[PY] == SLEEPING && MAY_LOSE -> seen[PY] = 0; seenFor[PY] = 0; pyStop(); PRUNE }
	:: d_step { state[PY] != DEAD && MAY_CRASH(PY) ->
		pyStop(); state[PY] = DEAD; forget(PY); pySent = 0; seen[PY] = 0; seenFor[PY] = 0; PRUNE }
	od
}

inline answerPython() {
	if
	:: kind[PY] == PYGET ->
		seen[PY] = entry; seenFor[PY] = (entry == 0 -> 0 : LEASE - FAST);
		forget(PY); state[PY] = SLEEPING
	:: kind[PY] == PYDEL ->
		if :: entry == cond[PY] -> entry = 0 :: else fi;
		forget(PY)
	:: kind[PY] == ANSWER && state[PY] != HOLDING -> left[PY] = pySent; state[PY] = HOLDING; forget(PY)
	:: kind[PY] == ANSWER && state[PY] == HOLDING ->
		left[PY] = (pySent > left[PY] -> pySent : left[PY]);
		forget(PY); pyRename(PY_CUR, PY_OLD); pyRename(PY_NEW, PY_CUR)
	:: kind[PY] == ACQUIRE && ACQUIRE_OK(cond[PY]) ->
		entry = ver[PY]; left[PY] = pySent; state[PY] = HOLDING; forget(PY)
	:: kind[PY] == ACQUIRE && !ACQUIRE_OK(cond[PY]) ->
		/* it reads in a request of its own, and draws the one version of all its steals */
		if :: state[PY] == WAITING -> pyRename(PY_CUR, PY_OLD) :: else fi;
		state[PY] = READING; ask(PY, PYGET, 0, 0)
	:: kind[PY] == PYWRITE && entry == cond[PY] ->
		entry = ver[PY]; left[PY] = (pySent > left[PY] -> pySent : left[PY]);
		forget(PY); pyRename(PY_CUR, PY_OLD); pyRename(PY_NEW, PY_CUR)
	:: else -> forget(PY); state[PY] = ENDING
	fi;
	pySent = 0; CHECK
}
#define PY_STEALS(c) (c == PY && state[PY] == STEALING)
#else
#define PY_STEALS(c) false
#endif

/* ---- the server, and what the wire does ---- */
#ifdef PY_REPEATS_STEAL
#define MAY_COPY(c) (kind[c] != NONE && kind[c] != PYGET && kind[c] != ANSWER)
#else
#define MAY_COPY(c) (kind[c] != NONE && kind[c] != PYGET && kind[c] != ANSWER && !PY_STEALS(c))
#endif
/* No copy outlives the table that it was sent to. */
#ifdef RESTORES
#define MAY_STRAY(c) false
#else
#define MAY_STRAY(c) MAY_COPY(c)
#endif
#define put(j, c) wireKind[j] = kind[c]; wireVer[j] = ver[c]; wireCond[j] = cond[c]; copyWant(j, c)
#if STRAYS == 1
#define COPY_MORE(c)
#else
#define COPY_MORE(c) \
	:: d_step { MAY_COPY(c) && MAY_LOSE && wireKind[0] != NONE && wireKind[1] == NONE -> put(1, c); REPEATED(c); PRUNE }
#endif

#define REQUEST(c, answer) \
	:: d_step { kind[c] != NONE && MAY_LAND(kind[c]) -> answer; PRUNE } \
	/* leaves a copy on the wire: of a repeat, or of what its sender will stop waiting for */ \
	:: d_step { MAY_STRAY(c) && MAY_LOSE && wireKind[0] == NONE -> put(0, c); REPEATED(c); PRUNE } \
	COPY_MORE(c) \
	/* it is carried out, and its answer lost: its sender waits on, and may repeat it */ \
	:: d_step { MAY_COPY(c) && MAY_LOSE && MAY_LAND(kind[c]) && OK(kind[c], ver[c], cond[c], want[c]) -> \
		land(kind[c], ver[c], want[c]); entry = WRITTEN(kind[c], ver[c]); REPEATED(c); PRUNE }

#define WIRE(j) \
	/* a copy arrives: nobody hears the answer, and it may arrive again */ \
	:: d_step { wireKind[j] != NONE && MAY_LAND(wireKind[j]) && OK(wireKind[j], wireVer[j], wireCond[j], wireWant[j]) -> \
		land(wireKind[j], wireVer[j], wireWant[j]); entry = WRITTEN(wireKind[j], wireVer[j]); PRUNE } \
	:: d_step { wireKind[j] != NONE -> drop(j); PRUNE }

/* It succeeds, and the answer takes its time. Where it is of use to nobody when it comes, or
   bears bad news, a late answer is as good as a lost one. */
#define LATE_ANSWER(c) \
	:: d_step { SUCCEEDS(c) && MAY_LAND(kind[c]) && MAY_LOSE -> \
		carryOut(c); forget(c); kind[c] = ANSWER; due[c] = r; r = 0; PRUNE }
#define LATE_ANSWER_PYTHON \
	:: d_step { OK(kind[PY], ver[PY], cond[PY], 0) && kind[PY] != PYDEL && MAY_LOSE -> \
		entry = ver[PY]; forget(PY); kind[PY] = ANSWER; PRUNE }

proctype Server() {
	do
	REQUEST(0, answerTypeScript(0))
	LATE_ANSWER(0)
#if NTS > 1
	REQUEST(1, answerTypeScript(1))
	LATE_ANSWER(1)
#endif
#if NPY > 0
	REQUEST(PY, answerPython())
	LATE_ANSWER_PYTHON
	/* Python's steal may arrive after Python gave up on it, but only once */
	:: d_step { PY_STEALS(PY) && kind[PY] == ACQUIRE && MAY_LOSE && wireKind[0] == NONE ->
		put(0, PY); forget(PY); pySent = 0; pyStop(); PRUNE }
#endif
	WIRE(0)
#if STRAYS > 1
	WIRE(1)
#endif
	od
}

/* ---- time ---- */
#ifdef LIVE
#define MAY_TICK (!calm || (kind[0] == NONE && kind[1] == NONE))
#else
#define MAY_TICK true
#endif
#define OLD(v) v = ((IS_TS(v) && AGE(v) < CAP) -> v + 1 : v)
#define LESS(x) x = (x > 0 -> x - 1 : 0)
#define TOO_OLD(what, v) ((what == ACQUIRE || what == REFRESH) && IS_TS(v) && AGE(v) >= DELAY)

proctype Clock() {
	do
	:: d_step { MAY_TICK ->
		for (k : 0 .. N - 1) {
			if :: TOO_OLD(kind[k], ver[k]) -> forget(k) :: else fi;
			OLD(ver[k]); OLD(cond[k]); OLD(seen[k]);
			LESS(left[k])
		}
		for (k : 0 .. NTS - 1) {
			NOT_DRAWN(k); LESS(due[k]);
#ifdef WITHOUT_FIRST_SENT
			if :: resent[k] < CAP -> resent[k]++ :: else fi;
#endif
			if
			:: seen[k] != 0 && seenFor[k] < LEASE + (IS_PY(seen[k]) -> EXTRA : 0) -> seenFor[k]++
			:: else -> seenFor[k] = (seen[k] == 0 -> 0 : (MAY_TAKE(k) -> EXPIRED : seenFor[k]))
			fi
		}
#if NPY > 0
		LESS(seenFor[PY]); LESS(pySent);
#endif
		for (k : 0 .. STRAYS - 1) {
			if :: TOO_OLD(wireKind[k], wireVer[k]) -> drop(k) :: else fi;
			OLD(wireVer[k]); OLD(wireCond[k])
		}
		OLD(entry);
#ifdef TOKENS
		for (k : 0 .. NTS - 1) { AGES_BY_TICK(mine[k]); AGES_BY_TICK(want[k]); AGES_BY_TICK(known[k]) }
		for (k : 0 .. STRAYS - 1) { AGES_BY_TICK(wireWant[k]) }
		AGES_BY_TICK(token); AGES_BY_TICK(greatest);
		LESS(outage); landedNow = false;
#ifdef RESTORES
		AGES_BY_TICK(keptToken);
#endif
#ifdef WITHOUT_TOKEN_EXPIRY
		LESS(ttl);
#endif
#endif
		k = 0; PRUNE }
	od
}

/* ---- what befalls the table: a backup that comes back, or TTL ---- */
#ifdef TOKENS
/* A stamp as old as CAP cannot be told from older ones: its entry may go sooner than in truth. */
#define STAMP_IS_PAST(v) (AGE(v) == CAP || AGE(v) + LAG(CLIENT(v)) >= DAY + LEASE)
/* An entry written by a clock that is days behind may go at once. Another replaces it before the grant. */
#if defined(BEHIND) && !defined(WITHOUT_RENEWAL)
#define WAS_BEHIND(v) (CLIENT(v) == 0 && token == OLDEST && state[0] != HOLDING)
#else
#define WAS_BEHIND(v) false
#endif
#ifdef WITHOUT_CLOCK_EXPIRY
#define CLOCK_IS_PAST true
#else
#define CLOCK_IS_PAST (entry == 0 || (IS_TS(entry) && (STAMP_IS_PAST(entry) || WAS_BEHIND(entry))))
#endif
#ifdef WITHOUT_TOKEN_EXPIRY
#define TTL_MAY_DELETE (entry == 0 && token != 0 && ttl == 0)
#else
#define TTL_MAY_DELETE (token >= DAY + SHIFT && CLOCK_IS_PAST)
#endif

proctype Table() {
	do
#ifdef RESTORES
	:: d_step { UP && !kept && entry == 0 -> kept = true; keptToken = token }
	/* What is on its way to the table that was does not reach the one that is. */
	:: d_step { UP && kept ->
		kept = false; entry = 0; token = keptToken; keptToken = 0; outage = OUTAGE;
		for (k : 0 .. NTS - 1) { forget(k); forgotten[k] = (state[k] != DEAD) }
		for (k : 0 .. STRAYS - 1) { drop(k) }
		k = 0; PRUNE }
#else
	:: d_step { TTL_MAY_DELETE && entry == 0 -> token = 0; PRUNE }
	:: d_step { TTL_MAY_DELETE && entry != 0 ->
		assert(!CURRENT(entry) || left[CLIENT(entry)] == 0);
		entry = 0; token = 0; PRUNE }
#endif
	od
}
#endif

/* ---- the others go away for good, and from then on nothing is lost, repeated or late ---- */
#ifdef LIVE
inline vanish(c) { state[c] = DEAD; forget(c); seen[c] = 0; seenFor[c] = 0 }

proctype Calm() {
	d_step {
		calm = true;
#if TARGET != 0
		stop(0); vanish(0);
#endif
#if NTS > 1 && TARGET != 1
		stop(1); vanish(1);
#endif
#if NPY > 0 && TARGET != PY
		pyStop(); vanish(PY); pySent = 0;
#endif
		for (k : 0 .. STRAYS - 1) { drop(k) }
		PRUNE }
}

ltl acquired { [] (calm -> <> (left[TARGET] > 0)) }
#endif

init {
	atomic {
		for (k : 0 .. NTS - 1) { state[k] = WAITING }
		k = 0;
#ifdef ANY_LAG
		do
		:: k < NTS ->
			lag[k] = LAG_MIN;
			do :: lag[k] < LAG_MAX -> lag[k]++ :: break od;
			k++
		:: else -> break
		od;
		k = 0;
#endif
		run TypeScript(0);
#if NTS > 1
		run TypeScript(1);
#endif
#if NPY > 0
		run Python();
#endif
#ifdef LIVE
		run Calm();
#endif
#ifdef TOKENS
		run Table();
#endif
		run Server();
		run Clock()
	}
}
