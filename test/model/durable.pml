/*
 * Section 7 of the protocol, for Spin: locks that durable executions hold. docs/model.md says what is covered
 * and what is not; check.sh says which builds of this file are checked and what is expected of each.
 *
 * An execution has one live run, and at most one zombie: an earlier run that was interrupted, and goes on.
 * A zombie believes what it is answered, but stores nothing any more. As in lock.pml, time is a count of ticks,
 * and every field that stands for a moment holds its age, or what is left of it.
 */

#ifndef NEXEC
#define NEXEC 1          /* executions: 1 or 2 */
#endif
#ifndef NPROC
#define NPROC 1          /* processes with an ordinary lock: 0 or 1 */
#endif
#ifndef LEASE
#define LEASE 3
#endif
#ifndef MARGIN
#define MARGIN 1         /* taken off by a holder */
#endif
#ifndef FAST
#define FAST 1           /* a contender's clock gains this much over one lease */
#endif
#ifndef DELAY
#define DELAY 3          /* a write older than this is dropped */
#endif
#ifndef CRASHES
#define CRASHES 1        /* of the first execution; the second has none */
#endif
#ifndef MOST
#define MOST 4           /* the greatest ordinal: of the first execution; the second has one step */
#endif
#define MOST_OF(x) ((x) == 0 -> MOST : 2)
#ifndef TOKENS
#define TOKENS 2         /* first writes of an execution that may land */
#endif

#define RUNS  (2 * NEXEC)
#define PR    RUNS       /* index of the process */
#define N     (RUNS + NPROC)
#define EXEC(r) ((r) / 2)
#define LIVE_RUN(r) (live[EXEC(r)] == (r) % 2)

/*
 * ---- versions ----
 *   0        nothing
 *   then     the process: whether of its current hold, age
 *   then     executions: execution, ordinal, tail, age
 * The tail is 0 where nobody believes, 1 or 2 for what the run in that place writes for its current operation, and 3
 * for what a run wrote for an operation of before.
 */
#define CAP       (DELAY + 1)
#define AGES      (CAP + 1)
#define FIRST     (1 + 2 * AGES)
#define OLD_TAIL  3
#define IS_RUN(v) ((v) >= FIRST)
#define IS_PROC(v) ((v) > 0 && (v) < FIRST)
#define AGE(v)    (((v) - 1) % AGES)
#define HOLD(v)   ((v) == 0 -> 0 : 1 + ((v) - 1) / AGES)
#define TAIL(v)   ((((v) - FIRST) / AGES) % 4)
#define ORD(v)    ((((v) - FIRST) / (AGES * 4)) % (MOST + 1))
#define OWNER(v)  (((v) - FIRST) / (AGES * 4 * (MOST + 1)))
#define RUN_VERSION(e, n, t) (FIRST + ((((e) * (MOST + 1)) + (n)) * 4 + (t)) * AGES)
#define PROC_VERSION(cur) (1 + (cur) * AGES)
#define OF(v, e)  (IS_RUN(v) && OWNER(v) == (e))
#define MY_TAIL(r) (1 + (r) % 2)

/* ---- requests ---- */
#define NONE     0
#define ACQUIRE  1   /* put `ver` where there is no entry, or exactly `cond` */
#define CLAIM    2   /* put `ver` over an older version of ordinal `cond` of the same execution, whatever its tail */
#define RECLAIM  3   /* the same, over a version that nobody believes in */
#define REFRESH  4   /* put `ver` over an older version of the same hold */
#define EVICT    5   /* put `ver` over exactly `cond` */
#define DELETE   6   /* a run: delete what the execution has there, whatever it is; the process: its own hold */
#define ANSWER   7   /* none any more: it succeeded, and the answer is on its way */

/* ---- what a run does ---- */
#define IDLE     0   /* between two operations; or there is no run in this place */
#define POLLS    1   /* asks for the lock: ordinal 0 */
#define SECONDS  2   /* the second write: ordinal 1 */
#define CLAIMS   3
#define EVICTS   4
#define WORKS    5   /* a step: believes while left > 0 */
#define RELEASES 6
/* ---- and the process ---- */
#define WAITING  7
#define HOLDING  8

/* ---- what is stored of an execution ---- */
#define ASKS 0
#define HELD 1
#define DONE 2
/* ---- and begun, and not over ---- */
#define A_STEP 1
#define A_RELEASE 2

short entry = 0;         /* the version in the table */
byte entryToken = 0;     /* and whose first write put it there: tokens of an execution are counted */

byte stored[NEXEC];
byte ord[NEXEC];         /* the stored ordinal */
bool rest[NEXEC];        /* and whether nobody believes in it */
byte token[NEXEC];       /* the token of the acquisition */
byte begun[NEXEC];       /* a step or a release: a replay comes to it first, as a handler is deterministic */
byte pause[NEXEC];       /* the execution is suspended for so long */
byte live[NEXEC];        /* the place of its live run */
byte crashes[NEXEC];
byte drawn[NEXEC];       /* tokens */
bool between[NEXEC];     /* another has held since this one was granted the lock */
short seen[NEXEC + NPROC];
byte seenFor[NEXEC + NPROC];

byte op[N];
byte left[N];
byte from[N];            /* the ordinal, and whether it was at rest, that the operation goes on from */
bool fromRest[N];
byte carries[N];         /* a token */
byte kind[N];
short ver[N];
short cond[N];
byte due[N];             /* ANSWER: what the deadline that it offers has left */

byte wireKind = NONE;    /* a copy that nobody waits for */
short wireVer = 0;
short wireCond = 0;
byte wireCarries = 0;

hidden byte k;
hidden byte r;
hidden byte e;

#if NPROC > 0
#define PROC_BELIEVES (left[PR] > 0)
#else
#define PROC_BELIEVES 0
#endif
#if NEXEC == 2
#define HOLDERS ((left[0] > 0) + (left[1] > 0) + (left[2] > 0) + (left[3] > 0) + PROC_BELIEVES)
#else
#define HOLDERS ((left[0] > 0) + (left[1] > 0) + PROC_BELIEVES)
#endif
#define CHECK assert(HOLDERS <= 1)

/* ---- conditions ---- */
/* An ordinal as a condition: not to be taken for a version. */
#define ORDINAL(n) (-1 - (n))
#ifdef WITHOUT_TOKEN
#define HAS_TOKEN(t) true
#else
#define HAS_TOKEN(t) (entryToken == (t))
#endif
#ifdef WITHOUT_VERSION_ORDER
#define RISES(v) true
#else
#define RISES(v) (AGE(entry) > AGE(v))
#endif
#ifdef WITHOUT_ORDINAL
#define OF_ORDINAL(v, n) OF(entry, OWNER(v))
#else
#define OF_ORDINAL(v, n) (OF(entry, OWNER(v)) && ORDINAL(ORD(entry)) == (n))
#endif
#ifdef WITHOUT_EXACT_EVICTION
#define IS_EXACTLY(c) (HOLD(entry) == HOLD(c))
#else
#define IS_EXACTLY(c) (entry == (c))
#endif
#define IS_MINE_TO_DELETE(v) (IS_RUN(v) -> OF(entry, OWNER(v)) : HOLD(entry) == HOLD(v))
#define OK(k, v, c, t) ( \
	((k) == ACQUIRE && (entry == 0 || entry == (c)) && (!IS_RUN(v) || drawn[OWNER(v)] < TOKENS)) || \
	((k) == CLAIM && OF_ORDINAL(v, c) && RISES(v) && HAS_TOKEN(t)) || \
	((k) == RECLAIM && OF_ORDINAL(v, c) && TAIL(entry) == 0 && RISES(v) && HAS_TOKEN(t)) || \
	((k) == REFRESH && HOLD(entry) == HOLD(v) && RISES(v) && (!IS_RUN(v) || HAS_TOKEN(t))) || \
	((k) == EVICT && IS_EXACTLY(c) && HAS_TOKEN(t)) || \
	((k) == DELETE && entry != 0 && IS_MINE_TO_DELETE(v)))

inline land(kk, vv) {
	if
	:: (kk) == DELETE -> entry = 0; entryToken = 0
	:: (kk) == ACQUIRE && IS_RUN(vv) ->
		entry = vv; drawn[OWNER(vv)]++; entryToken = drawn[OWNER(vv)]
	:: (kk) == ACQUIRE && !IS_RUN(vv) -> entry = vv; entryToken = 0
	:: else -> entry = vv
	fi
}

/* ---- deadlines ---- */
#define REST(a) ((a) + MARGIN < LEASE -> LEASE - MARGIN - (a) : 0)
#define MAY_TAKE(x) (seen[x] != 0 && seenFor[x] >= LEASE)
#define TAKES(x) (MAY_TAKE(x) -> seen[x] : 0)
/* No later than the run that is evicted may believe. */
#define EVICTION_WAIT(c) (LEASE - AGE(c) > FAST -> LEASE - FAST - AGE(c) : 0)

#define ask(c, what, v, x) kind[c] = what; ver[c] = v; cond[c] = x
inline forget(c) { kind[c] = NONE; ver[c] = 0; cond[c] = 0; due[c] = 0 }
inline dropWire() { wireKind = NONE; wireVer = 0; wireCond = 0; wireCarries = 0 }

/* Two versions of a hold drawn in one tick could not be told apart. */
#define IS_NEW(v) (entry != (v) && wireVer != (v))

/* What a run wrote for an operation that is over. */
#define RETIRED(v, c) v = ((OF(v, EXEC(c)) && TAIL(v) == MY_TAIL(c)) -> (v) + (OLD_TAIL - MY_TAIL(c)) * AGES : v)
inline retire(c) {
	RETIRED(entry, c); RETIRED(wireVer, c); RETIRED(wireCond, c);
	for (k : 0 .. N - 1) { RETIRED(ver[k], c); RETIRED(cond[k], c) }
	for (k : 0 .. NEXEC + NPROC - 1) { RETIRED(seen[k], c) }
	k = 0
}
inline endOperation(c) {
	left[c] = 0; forget(c); op[c] = IDLE; from[c] = 0; fromRest[c] = false; carries[c] = 0;
	retire(c)
}
/* The operation's result is stored, if the run is the live one. */
inline store(c, n, isRest, wait) {
	if
	:: LIVE_RUN(c) -> ord[EXEC(c)] = n; rest[EXEC(c)] = isRest; pause[EXEC(c)] = wait
	:: else
	fi;
	endOperation(c)
}
inline loses(c) {
	if
	:: LIVE_RUN(c) -> done(EXEC(c))
	:: else
	fi;
	endOperation(c)
}
inline done(x) {
	stored[x] = DONE; ord[x] = 0; rest[x] = false; token[x] = 0; begun[x] = 0; pause[x] = 0;
	seen[x] = 0; seenFor[x] = 0
}
/* Others have the lock now. */
inline heldByOthers(x) {
	for (k : 0 .. NEXEC - 1) {
		if :: k != x && stored[k] != ASKS -> between[k] = true :: else fi
	}
	k = 0
}

/*
 * Forgets what can make no difference any more: copies whose condition cannot come true again, and versions that are
 * remembered, but not in the table, and that no request would put there. It changes no behaviour, only the number of
 * states.
 */
#if N == 5
#define ASKED(v) (ver[0] == v || ver[1] == v || ver[2] == v || ver[3] == v || ver[4] == v)
#define HOLD_ASKED(h) (HOLD(ver[0]) == h || HOLD(ver[1]) == h || HOLD(ver[2]) == h || HOLD(ver[3]) == h || HOLD(ver[4]) == h)
#endif
#if N == 4
#define ASKED(v) (ver[0] == v || ver[1] == v || ver[2] == v || ver[3] == v)
#define HOLD_ASKED(h) (HOLD(ver[0]) == h || HOLD(ver[1]) == h || HOLD(ver[2]) == h || HOLD(ver[3]) == h)
#endif
#if N == 3
#define ASKED(v) (ver[0] == v || ver[1] == v || ver[2] == v)
#define HOLD_ASKED(h) (HOLD(ver[0]) == h || HOLD(ver[1]) == h || HOLD(ver[2]) == h)
#endif
#define MATTERS(v) (entry == v || ASKED(v) || wireVer == v)
/* A token that is gone from the table does not come back. */
#ifdef WITHOUT_TOKEN
#define IS_TOKEN_GONE false
#else
#define IS_TOKEN_GONE (!OF(entry, OWNER(wireVer)) || entryToken != wireCarries)
#endif
#ifdef WITHOUT_ORDINAL
#define IS_ORDINAL_GONE false
#else
#define IS_ORDINAL_GONE (OF(entry, OWNER(wireVer)) && entryToken == wireCarries && ORDINAL(ORD(entry)) < wireCond)
#endif
inline prune() {
	if
	:: wireKind == ACQUIRE && IS_RUN(wireVer) && drawn[OWNER(wireVer)] == TOKENS -> dropWire()
	:: IS_RUN(wireVer) && (wireKind == CLAIM || wireKind == RECLAIM) && (IS_TOKEN_GONE || IS_ORDINAL_GONE) -> dropWire()
	:: IS_RUN(wireVer) && (wireKind == REFRESH || wireKind == EVICT) && IS_TOKEN_GONE -> dropWire()
	:: IS_RUN(wireVer) && wireKind == DELETE && !OF(entry, OWNER(wireVer)) && drawn[OWNER(wireVer)] == TOKENS -> dropWire()
	:: IS_PROC(wireVer) && (wireKind == REFRESH || wireKind == DELETE) && HOLD(entry) != HOLD(wireVer) && !HOLD_ASKED(HOLD(wireVer)) -> dropWire()
	:: wireKind == ACQUIRE && wireCond != 0 && !MATTERS(wireCond) -> wireCond = 0
	:: else
	fi;
	for (k : 0 .. N - 1) {
		if :: kind[k] == ACQUIRE && cond[k] != 0 && !MATTERS(cond[k]) -> cond[k] = 0 :: else fi
	}
	for (k : 0 .. NEXEC + NPROC - 1) {
		if :: seen[k] != 0 && !MATTERS(seen[k]) -> seen[k] = 0; seenFor[k] = 0 :: else fi
	}
	k = 0
}
#ifdef NO_PRUNE
#define PRUNE skip
#else
#define PRUNE prune()
#endif

/* ---- a run ---- */
#define MAY_BEGIN(c) (LIVE_RUN(c) && op[c] == IDLE && pause[EXEC(c)] == 0)
#ifdef WITHOUT_NEXT_ORDINAL
#define NEXT(n) ((n) == 1 -> 2 : (n))
#else
#define NEXT(n) ((n) + 1)
#endif
#ifdef WITHOUT_RELEASE_AFTER_STEP
#define MAY_RELEASE(x) true
#else
#define MAY_RELEASE(x) (begun[x] != A_STEP)
#endif
#define CLAIM_VERSION(c) RUN_VERSION(EXEC(c), NEXT(from[c]), MY_TAIL(c))
#ifdef WITHOUT_EVICTION
#define CLAIM_KIND(c) CLAIM
#else
#define CLAIM_KIND(c) (fromRest[c] -> CLAIM : RECLAIM)
#endif

proctype Run(byte c) {
	do
	:: d_step { MAY_BEGIN(c) && stored[EXEC(c)] == ASKS && IS_NEW(RUN_VERSION(EXEC(c), 0, MY_TAIL(c))) ->
		op[c] = POLLS;
#ifdef WITHOUT_TWO_WRITES
		ask(c, ACQUIRE, RUN_VERSION(EXEC(c), 1, MY_TAIL(c)), TAKES(EXEC(c)))
#else
		ask(c, ACQUIRE, RUN_VERSION(EXEC(c), 0, MY_TAIL(c)), TAKES(EXEC(c)))
#endif
		}
	:: d_step { op[c] == SECONDS && kind[c] == NONE && IS_NEW(RUN_VERSION(EXEC(c), 1, MY_TAIL(c))) ->
		ask(c, CLAIM, RUN_VERSION(EXEC(c), 1, MY_TAIL(c)), ORDINAL(from[c])) }
	:: d_step { MAY_BEGIN(c) && stored[EXEC(c)] == HELD && ord[EXEC(c)] < MOST_OF(EXEC(c)) && begun[EXEC(c)] != A_RELEASE ->
		op[c] = CLAIMS; begun[EXEC(c)] = A_STEP; from[c] = ord[EXEC(c)]; fromRest[c] = rest[EXEC(c)]; carries[c] = token[EXEC(c)] }
	:: d_step { op[c] == CLAIMS && kind[c] == NONE && IS_NEW(CLAIM_VERSION(c)) ->
		/* once it has landed, what leaves too little is refreshed */
		if
		:: due[c] == 1 -> ask(c, REFRESH, CLAIM_VERSION(c), 0)
		:: else -> ask(c, CLAIM_KIND(c), CLAIM_VERSION(c), ORDINAL(from[c]))
		fi }
	:: d_step { op[c] == WORKS && left[c] > 0 && kind[c] == NONE && IS_NEW(CLAIM_VERSION(c)) ->
		ask(c, REFRESH, CLAIM_VERSION(c), 0) }
	/* the step ends */
	:: d_step { op[c] == WORKS ->
		if :: LIVE_RUN(c) -> begun[EXEC(c)] = 0 :: else fi;
		r = NEXT(from[c]); store(c, r, true, 0); r = 0 }
	:: d_step { MAY_BEGIN(c) && stored[EXEC(c)] == HELD && MAY_RELEASE(EXEC(c)) ->
		op[c] = RELEASES; begun[EXEC(c)] = A_RELEASE; ask(c, DELETE, RUN_VERSION(EXEC(c), 0, 0), 0) }
	/* stops waiting for an answer; the operation ends as it began */
	:: d_step { op[c] != IDLE && op[c] != WORKS ->
		if
		:: op[c] == RELEASES -> loses(c)
		:: else -> endOperation(c)
		fi }
	:: d_step { op[c] == WORKS && kind[c] != NONE -> forget(c) }
	/* it is interrupted: another one begins at what is stored, and it may go on */
	:: d_step { LIVE_RUN(c) && op[c] != IDLE && op[c ^ 1] == IDLE && crashes[EXEC(c)] > 0 ->
		crashes[EXEC(c)]--; live[EXEC(c)] = 1 - live[EXEC(c)] }
	/* a zombie ends */
	:: d_step { !LIVE_RUN(c) && op[c] != IDLE -> endOperation(c) }
	od
}

inline begins(c) {
	assert(!between[EXEC(c)]);
	op[c] = WORKS; left[c] = r; forget(c)
}
#define IS_OWN(c) (OF(entry, EXEC(c)) && ORD(entry) == NEXT(from[c]) && IS_OWN_TAIL(c) && HAS_TOKEN(carries[c]))
#ifdef WITHOUT_OWN_VERSION
#define IS_OWN_TAIL(c) (TAIL(entry) != 0)
#else
#define IS_OWN_TAIL(c) (TAIL(entry) == MY_TAIL(c))
#endif

inline granted(c) {
	if
	:: LIVE_RUN(c) ->
		e = EXEC(c); stored[e] = HELD; ord[e] = 1; rest[e] = true; token[e] = carries[c];
		seen[e] = 0; seenFor[e] = 0; heldByOthers(e); e = 0
	:: else
	fi;
	endOperation(c)
}

inline showsExecution(c) {
	e = EXEC(c);
	if
	:: LIVE_RUN(c) && entry != 0 && !OF(entry, e) && seen[e] != entry -> seen[e] = entry; seenFor[e] = FAST
	:: else
	fi;
	e = 0
}

inline answerRun(c) {
	if
	:: op[c] == POLLS ->
		if
		:: OK(ACQUIRE, ver[c], cond[c], 0) -> land(ACQUIRE, ver[c])
		:: else
		fi;
		if
		:: OF(entry, EXEC(c)) && ORD(entry) <= 1 ->
			carries[c] = entryToken; from[c] = ORD(entry); forget(c);
#ifdef WITHOUT_TWO_WRITES
			granted(c)
#else
			if
			:: ORD(entry) == 1 && TAIL(entry) == MY_TAIL(c) -> granted(c)
			:: else -> op[c] = SECONDS
			fi
#endif
		:: OF(entry, EXEC(c)) && ORD(entry) > 1 -> assert(!LIVE_RUN(c)); endOperation(c)
		:: else -> showsExecution(c); endOperation(c)
		fi
	:: op[c] == SECONDS ->
		if
		:: OK(kind[c], ver[c], cond[c], carries[c]) -> entry = ver[c]; granted(c)
		:: else ->
			if
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) == 1 && TAIL(entry) == MY_TAIL(c) -> granted(c)
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) <= 1 && TAIL(entry) != MY_TAIL(c) ->
				from[c] = ORD(entry); forget(c)
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) == 0 && TAIL(entry) == MY_TAIL(c) -> forget(c)
			:: else -> endOperation(c)
			fi
		fi
	:: op[c] == CLAIMS && kind[c] == ANSWER -> r = due[c]; forget(c); if :: r > 0 -> begins(c) :: else -> due[c] = 1 fi
	:: op[c] == CLAIMS && kind[c] != ANSWER ->
		if
		:: OK(kind[c], ver[c], cond[c], carries[c]) -> land(kind[c], ver[c]); r = REST(AGE(entry))
		:: IS_OWN(c) -> r = REST(AGE(entry))
		:: else -> r = 255
		fi;
		if
		:: r != 255 && r > 0 -> begins(c)
		:: r == 0 -> forget(c); due[c] = 1
		:: r == 255 && kind[c] == REFRESH -> endOperation(c)
		:: else ->
			if
			:: !OF(entry, EXEC(c)) || !HAS_TOKEN(carries[c]) || ORD(entry) < from[c] -> loses(c)
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) == from[c] ->
				if
				:: fromRest[c] || TAIL(entry) == 0 -> forget(c)
				:: else -> op[c] = EVICTS; ask(c, EVICT, RUN_VERSION(EXEC(c), NEXT(from[c]), 0), entry)
				fi
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) == from[c] + 1 && TAIL(entry) == 0 ->
				r = from[c] + 1; store(c, r, false, LEASE - FAST)
			:: OF(entry, EXEC(c)) && HAS_TOKEN(carries[c]) && ORD(entry) == from[c] + 1 && TAIL(entry) != 0 ->
				r = from[c] + 1; store(c, r, false, 0)
			:: else -> assert(!LIVE_RUN(c)); endOperation(c)
			fi
		fi
	:: op[c] == EVICTS ->
		if
		:: OK(EVICT, ver[c], cond[c], carries[c]) -> entry = ver[c]; r = EVICTION_WAIT(cond[c]); e = from[c] + 1; evicted(c)
		:: !OK(EVICT, ver[c], cond[c], carries[c]) && OF(entry, EXEC(c)) && ORD(entry) == from[c] + 1 && TAIL(entry) == 0 ->
			r = EVICTION_WAIT(cond[c]); e = from[c] + 1; evicted(c)
		:: !OK(EVICT, ver[c], cond[c], carries[c]) && HOLD(entry) == HOLD(cond[c]) -> cond[c] = entry
		:: else -> op[c] = CLAIMS; forget(c)
		fi
	:: op[c] == WORKS && kind[c] == ANSWER ->
		if :: left[c] > 0 && due[c] > left[c] -> left[c] = due[c] :: else fi;
		forget(c)
	:: op[c] == WORKS && kind[c] != ANSWER ->
		if
		:: OK(REFRESH, ver[c], cond[c], carries[c]) -> land(REFRESH, ver[c])
		:: else
		fi;
		if
		:: IS_OWN(c) ->
			r = REST(AGE(entry));
			if :: left[c] > 0 && r > left[c] -> left[c] = r :: else fi
		:: else -> left[c] = 0
		fi;
		forget(c)
	:: op[c] == RELEASES ->
		if :: OK(DELETE, ver[c], 0, 0) -> land(DELETE, ver[c]) :: else fi;
		loses(c)
	fi;
	r = 0; e = 0;
	CHECK
}
inline evicted(c) {
#ifdef WITHOUT_EVICTION_WAIT
	r = 0;
#endif
	store(c, e, false, r)
}

/* ---- a process with an ordinary lock ---- */
#if NPROC > 0
#define PSEEN NEXEC
#define RENEWED(v) v = ((IS_PROC(v) && HOLD(v) == HOLD(PROC_VERSION(1))) -> v - AGES : v)
inline procStop() {
	op[PR] = WAITING; left[PR] = 0;
	RENEWED(entry); RENEWED(wireVer); RENEWED(wireCond);
	for (k : 0 .. N - 1) { RENEWED(ver[k]); RENEWED(cond[k]) }
	for (k : 0 .. NEXEC + NPROC - 1) { RENEWED(seen[k]) }
	k = 0
}
proctype Process() {
	do
	:: d_step { op[PR] == WAITING && kind[PR] == NONE && IS_NEW(PROC_VERSION(1)) ->
		ask(PR, ACQUIRE, PROC_VERSION(1), TAKES(PSEEN)) }
	:: d_step { op[PR] == HOLDING && left[PR] > 0 && kind[PR] == NONE && IS_NEW(PROC_VERSION(1)) ->
		ask(PR, REFRESH, PROC_VERSION(1), 0) }
	:: d_step { op[PR] == HOLDING && kind[PR] == NONE -> procStop(); ask(PR, DELETE, PROC_VERSION(0), 0) }
	:: d_step { op[PR] == HOLDING && kind[PR] == NONE -> procStop(); PRUNE }
	:: d_step { kind[PR] != NONE -> if :: op[PR] == WAITING -> procStop() :: else fi; forget(PR); PRUNE }
	od
}
inline procHolds() {
	if
	:: op[PR] == WAITING && r > 0 -> op[PR] = HOLDING; left[PR] = r; seen[PSEEN] = 0; seenFor[PSEEN] = 0; heldByOthers(255)
	:: op[PR] == WAITING && r == 0 -> procStop()
	:: op[PR] == HOLDING && left[PR] > 0 && r > left[PR] -> left[PR] = r
	:: else
	fi
}
inline answerProcess() {
	if
	:: kind[PR] == DELETE -> if :: OK(DELETE, ver[PR], 0, 0) -> land(DELETE, ver[PR]) :: else fi
	:: kind[PR] == ANSWER -> r = due[PR]; procHolds()
	:: kind[PR] == ACQUIRE || kind[PR] == REFRESH ->
		if :: OK(kind[PR], ver[PR], cond[PR], 0) -> land(kind[PR], ver[PR]) :: else fi;
		if
		:: IS_PROC(entry) && HOLD(entry) == HOLD(PROC_VERSION(1)) -> r = REST(AGE(entry)); procHolds()
		:: else ->
			if
			:: op[PR] == HOLDING -> procStop()
			:: op[PR] == WAITING && entry != 0 && seen[PSEEN] != entry -> seen[PSEEN] = entry; seenFor[PSEEN] = FAST
			:: else
			fi
		fi
	fi;
	forget(PR); r = 0;
	CHECK
}
#endif

/* ---- the server, and what the wire does ---- */
#define MAY_COPY(c) (kind[c] != NONE && kind[c] != ANSWER)
#define SUCCEEDS(c) ((op[c] == WORKS || op[c] == CLAIMS || op[c] == WAITING || op[c] == HOLDING) && kind[c] != DELETE && \
	MAY_COPY(c) && OK(kind[c], ver[c], cond[c], carries[c]))
#define REQUEST(c, answer) \
	:: d_step { kind[c] != NONE -> answer; PRUNE } \
	:: d_step { MAY_COPY(c) && wireKind == NONE -> \
		wireKind = kind[c]; wireVer = ver[c]; wireCond = cond[c]; wireCarries = carries[c]; PRUNE } \
	/* it is carried out, and its answer lost: its sender waits on, and may repeat it */ \
	:: d_step { MAY_COPY(c) && OK(kind[c], ver[c], cond[c], carries[c]) -> land(kind[c], ver[c]); PRUNE } \
	/* it is carried out, and the answer takes its time */ \
	:: d_step { SUCCEEDS(c) -> land(kind[c], ver[c]); r = REST(AGE(ver[c])); forget(c); kind[c] = ANSWER; due[c] = r; r = 0; PRUNE }

proctype Server() {
	do
	REQUEST(0, answerRun(0))
	REQUEST(1, answerRun(1))
#if NEXEC == 2
	REQUEST(2, answerRun(2))
	REQUEST(3, answerRun(3))
#endif
#if NPROC > 0
	REQUEST(PR, answerProcess())
#endif
	:: d_step { wireKind != NONE && OK(wireKind, wireVer, wireCond, wireCarries) -> land(wireKind, wireVer); PRUNE }
	:: d_step { wireKind != NONE -> dropWire() }
	od
}

/* ---- time ---- */
#define OLDER(v) v = ((v) > 0 && AGE(v) < CAP -> (v) + 1 : (v))
#define LESS(x) x = (x > 0 -> x - 1 : 0)
#define TOO_OLD(what, v) ((what) != NONE && (what) != DELETE && (what) != ANSWER && AGE(v) >= DELAY)

proctype Clock() {
	do
	:: d_step {
		for (k : 0 .. N - 1) {
			if :: TOO_OLD(kind[k], ver[k]) -> kind[k] = NONE; ver[k] = 0; cond[k] = 0 :: else fi;
			OLDER(ver[k]); OLDER(cond[k]); LESS(left[k]);
			if :: kind[k] == ANSWER -> LESS(due[k]) :: else fi
		}
		for (k : 0 .. NEXEC - 1) { LESS(pause[k]) }
		for (k : 0 .. NEXEC + NPROC - 1) {
			if :: seen[k] != 0 && seenFor[k] < LEASE -> seenFor[k]++ :: else fi;
			OLDER(seen[k])
		}
		if :: TOO_OLD(wireKind, wireVer) -> dropWire() :: else fi;
		OLDER(wireVer); OLDER(wireCond);
		OLDER(entry);
		k = 0; PRUNE }
	od
}

init {
	atomic {
		crashes[0] = CRASHES;
		run Run(0);
		run Run(1);
#if NEXEC == 2
		run Run(2);
		run Run(3);
#endif
#if NPROC > 0
		op[PR] = WAITING;
		run Process();
#endif
		run Server();
		run Clock()
	}
}
