import { trueMs } from '../time.mjs';
import { Watch } from './watch.mjs';

/** A server that nothing disturbs answers within this time, however loaded the machine is. */
const UNANSWERED_MS = 20_000;

/** Random operations of the package's public interface. Each takes the actor, and resolves when it is over. */
export class Operations {
  holds = 0;

  /** @param actor `{ label, plan, random, makers, journal, fault, stalls, isFinishing, send, database }` */
  constructor(actor) {
    this.actor = actor;
    const { plan, random } = actor;
    this.sticky = plan.names
      .filter(({ kind }) => kind === 'sticky')
      .map((lock) => ({ lock, made: this.maker().sticky(lock, random.pick([undefined, 0.3])) }));
  }

  maker() {
    return this.actor.random.pick(this.actor.makers);
  }

  named(...kinds) {
    return this.actor.random.pick(this.actor.plan.names.filter(({ kind }) => kinds.includes(kind)));
  }

  next() {
    const operation = this.actor.random.weighted([
      [8, 'withLock'],
      [4, 'tryWithLock'],
      [4, 'byHand'],
      [3, 'handler'],
      [3, 'withLocks'],
      [4, 'withPermit'],
      [4, 'stickyUse'],
      [this.actor.plan.isWild ? 0 : 4, 'singleFlight'],
      [4, 'handOver'],
      [2, 'atLeast'],
      [0.5, 'breakLock'],
    ]);
    return this.timed(operation, () => this[operation]());
  }

  /** Journals one call of the package's. What it rejects with has to be an error that it promises. */
  async timed(what, call, { limitMs } = {}) {
    const { journal, fault, stalls } = this.actor;
    const fromMs = trueMs();
    try {
      return await call();
    } catch (error) {
      if (!isPromised(error)) fault(`${what} rejected with ${error?.stack ?? error}`);
      journal('failed', { what, error: `${error?.name}: ${error?.message}`.slice(0, 160) });
      return undefined;
    } finally {
      const tookMs = trueMs() - fromMs - stalls.stalledSince(fromMs);
      if (limitMs !== undefined) journal('took', { what, fromMs, tookMs, limitMs });
    }
  }

  /** How long work takes, in leases mostly: some is over at once, some goes on for many refreshes. */
  workMs({ leaseSeconds, kind }) {
    const { random, isLongHolding } = this.actor;
    if (kind === 'long') return random.between(3_000, 10_000);
    const longest = random.weighted([
      [3, 0.1],
      [4, 0.8],
      [isLongHolding ? 4 : 1, 3],
      [isLongHolding ? 2 : 0.2, 6],
    ]);
    return random.between(0, longest) * leaseSeconds * 1000;
  }

  waitOptions(leaseSeconds) {
    const { random } = this.actor;
    const options = { waitSeconds: random.pick([0, 2, 5, 8]) };
    if (random.chance(0.15)) options.context = invocation(random.between(0.8, 6));
    if (random.chance(0.1)) options.data = { by: this.actor.label };
    if (random.chance(0.08)) options.signal = AbortSignal.timeout(Math.ceil(random.between(1, leaseSeconds * 2000)));
    return options;
  }

  /** The work under a lock: it watches what its hold believes, and does what one does with a held lock. */
  async work(held, lock, { endsMs, maker, ...more } = {}) {
    const { actor } = this;
    const { random } = actor;
    this.holds += 1;
    const id = `${actor.label}.${this.holds}`;
    const watch = new Watch(actor, held, { id, name: held.name, endsMs, ...more });
    const isWriting = held.transactWrite !== undefined && random.chance(0.4);
    const check = isWriting ? held.conditionCheck() : undefined;
    await watch.dwell(this.workMs(lock), {
      isDeaf: random.chance(0.3),
      isFinishing: actor.isFinishing,
      meanwhile: async () => {
        if (isWriting && random.chance(0.1)) await this.guardedWrite(held, watch);
        if (held.refresh && random.chance(0.01)) await held.refresh({ data: id }).catch(noteless);
      },
    });
    const isHeld = watch.end();
    // Work that is over may still have written, and its write may come at any time.
    if (check && random.chance(0.5)) this.writeLater(maker ?? this.maker(), check, id, held);
    return { id, isHeld };
  }

  async guardedWrite(held, { id, name }) {
    const write = this.actor.drawWrite();
    const wrote = await this.timed('transactWrite', async () => {
      await held.transactWrite([{ Put: thing(name, id, write) }]);
      return true;
    });
    if (wrote) this.actor.journal('wrote', { id, write });
  }

  writeLater(maker, check, id, held) {
    const { random, isFinishing, drawWrite } = this.actor;
    const isRaw = random.chance(0.7);
    setTimeout(
      async () => {
        if (isFinishing()) return;
        const items = [{ Put: thing(held.name, id, drawWrite()) }];
        await (isRaw ? maker.transact([...items, check]) : held.transactWrite(items)).catch(noteless);
      },
      random.between(0, 2_500),
    ).unref();
  }

  /** `withLock` and what is like it: work that was done without its lock must be reported. */
  async checkedOutcome(what, seen, call) {
    try {
      return await call();
    } catch (error) {
      seen.error = error;
      throw error;
    } finally {
      if (seen.work && !seen.work.isHeld && !seen.error)
        this.actor.fault(`${what} of ${seen.work.id} resolved, though its hold was lost`, 'told');
    }
  }

  withLock() {
    const lock = this.named('plain', 'several', 'long');
    const maker = this.maker();
    const seen = {};
    return this.checkedOutcome('withLock', seen, () =>
      maker.factoryFor(lock).withLock(lock.name, this.waitOptions(lock.leaseSeconds), async (held) => {
        seen.work = await this.work(held, lock, { maker });
      }),
    );
  }

  async tryWithLock() {
    const lock = this.named('plain', 'long');
    const { waitSeconds: _, ...options } = this.waitOptions(lock.leaseSeconds);
    const maker = this.maker();
    await maker.factoryFor(lock).tryWithLock(lock.name, options, (held) => this.work(held, lock, { maker }));
  }

  async byHand() {
    const lock = this.named('plain');
    const maker = this.maker();
    const made = maker.factoryFor(lock).createLock(lock.name);
    const { waitSeconds, ...options } = this.waitOptions(lock.leaseSeconds);
    const held = await (waitSeconds === 0
      ? this.timed('tryAcquire', () => made.tryAcquire(options), { limitMs: 5_000 })
      : this.timed('acquire', () => made.acquire({ waitSeconds, ...options }), { limitMs: waitSeconds * 1000 }));
    if (!held) return;
    await this.work(held, lock, { maker });
    await this.timed('release', () => held.release(), { limitMs: 3_000 });
  }

  async handler() {
    const lock = this.named('plain');
    const { random } = this.actor;
    const maker = this.maker();
    const context = invocation(random.between(0.8, 5));
    const leaseSeconds = random.chance(0.5) ? 'invocation' : lock.leaseSeconds;
    const handle = maker.package.makeLocked(
      async (_event, { endsMs }) => this.work(maker.package.currentHold(), lock, { endsMs: endsMs + 1, maker }),
      {
        name: lock.name,
        factory: maker.factoryFor(lock),
        onNotGranted: 'skip',
        waitSeconds: random.pick([0, 3]),
        leaseSeconds,
        maxInvocationLeaseSeconds: 3,
        releaseReserveSeconds: random.pick([0, 0.3]),
      },
    );
    await handle({}, context);
  }

  withLocks() {
    const { random, plan } = this.actor;
    const locks = plan.names.filter(({ kind }) => kind === 'several').filter(() => random.chance(0.7));
    if (locks.length === 0) return undefined;
    const { data: _, ...options } = this.waitOptions(1);
    const leaseSeconds = Math.max(...locks.map((lock) => lock.leaseSeconds));
    const names = locks.map(({ name }) => name).reverse();
    return this.maker().several.withLocks(names, { ...options, leaseSeconds }, async ({ locks: held }) => {
      await Promise.all(held.map((one) => this.work(one, { leaseSeconds })));
    });
  }

  async withPermit() {
    const lock = this.named('permits');
    const { data: _, ...options } = this.waitOptions(lock.leaseSeconds);
    const semaphore = this.maker().permits(lock);
    await semaphore.withPermit(options, (held) => this.work(held, lock, { permitOf: lock.name }));
  }

  async stickyUse() {
    const { random } = this.actor;
    const { lock, made } = random.pick(this.sticky);
    if (random.chance(0.1)) return this.timed('stickyRelease', () => made.release(), { limitMs: 5_000 });
    const context = random.chance(0.7) ? invocation(random.between(1.5, 6)) : undefined;
    return made.use(context, (held) => this.work(held, lock, { endsMs: context?.endsMs }));
  }

  async singleFlight() {
    const { random } = this.actor;
    const lock = this.named('flight');
    const freshSeconds = random.pick([4, 5, 7]);
    const calledMs = trueMs();
    const options = { freshSeconds, waitSeconds: 3, leaseSeconds: lock.leaseSeconds };
    const result = await this.maker()
      .factoryFor(lock)
      .singleFlight(lock.name, options, async (held) => {
        await this.work(held, lock);
        return { settledMs: trueMs() };
      });
    const ageMs = calledMs - result.settledMs;
    if (ageMs > freshSeconds * 1000)
      this.actor.fault(`a result of ${lock.name} was ${Math.round(ageMs)} ms old, for ${freshSeconds} s`, 'results');
  }

  async handOver() {
    const lock = this.named('handed');
    const held = await this.maker().factoryFor(lock).createLock(lock.name).acquire({ waitSeconds: 3 });
    await this.work(held, lock);
    const text = await this.timed('serialize', () => held.serialize(), { limitMs: 5_000 });
    if (text) this.actor.send({ kind: 'text', text, name: lock.name });
    else await held.release();
  }

  /** A text that another worker has handed over, maybe to several. */
  receive({ text, name }) {
    const lock = this.actor.plan.names.find((one) => one.name === name);
    return this.timed('deserializeLock', async () => {
      const held = await this.maker().factoryFor(lock).deserializeLock(text);
      await this.work(held, lock);
      await held.release();
    });
  }

  async atLeast() {
    const lock = this.named('atLeast');
    const lockAtLeastSeconds = this.actor.random.pick([1, 1.5, 3]);
    await this.maker()
      .factoryFor(lock)
      .tryWithLock(lock.name, { lockAtLeastSeconds }, (held) =>
        this.work(held, lock, { lockAtLeastSeconds, requestId: held.name }),
      );
  }

  async breakLock() {
    const lock = this.named('plain', 'permits', 'sticky');
    await this.maker().factoryFor(lock).break(lock.name, { reason: 'the adversary' });
  }

  /** After all faults: whoever waits gets in. Single attempts are made one after the other. */
  async allGetIn({ names, waitSeconds }) {
    if (waitSeconds > 0) await Promise.all(names.map((name) => this.getsIn(name, waitSeconds)));
    else for (const name of names) await this.getsIn(name, waitSeconds);
  }

  async getsIn(name, waitSeconds) {
    const lock = this.actor.plan.names.find((one) => one.name === name);
    const maker = this.maker();
    const fromMs = trueMs();
    const inside = async (held) => this.actor.journal('gotIn', { name, held: held.name, tookMs: trueMs() - fromMs });
    const enter = async () => {
      if (lock.kind === 'permits') await maker.permits(lock).withPermit({ waitSeconds }, inside);
      else if (waitSeconds > 0) await maker.factoryFor(lock).withLock(name, { waitSeconds }, inside);
      else if (!(await maker.factoryFor(lock).tryWithLock(name, inside)).acquired) throw new Error('another holds it');
    };
    // On a loaded machine a single attempt may be over before its answer is there. It has not been refused then.
    const again = (error) => {
      if (error?.name !== 'LockUnavailableError' || waitSeconds > 0 || trueMs() > fromMs + UNANSWERED_MS) throw error;
      return enter().catch(again);
    };
    try {
      await enter().catch(again);
    } catch (error) {
      this.actor.fault(
        `nobody had ${name}, but it was not granted in ${Math.round(trueMs() - fromMs)} ms: ${error?.name}: ${error?.message}`,
        'liveness',
      );
    }
  }
}

/** The context of a Lambda invocation that ends in so many seconds. */
function invocation(seconds) {
  const endsMs = trueMs() + seconds * 1000;
  return { endsMs, awsRequestId: 'an-invocation', getRemainingTimeInMillis: () => Math.max(0, endsMs - trueMs()) };
}

const thing = (name, id, write) => ({
  TableName: 'things',
  Item: { id: { S: name }, hold: { S: id }, write: { S: write } },
});

const PROMISED = [
  'LockNotGrantedError',
  'LockLostError',
  'LockUnavailableError',
  'LockTableError',
  'InvocationEndingError',
  'CannotDeserializeError',
  'BreakRefusedError',
  'TimeoutError',
];
/** What the user's own transactions get from DynamoDB. */
const FROM_DYNAMODB = /(Exception|AccessDenied|InternalServerError)$/;

const isPromised = ({ name } = {}) => PROMISED.includes(name) || FROM_DYNAMODB.test(name);

/** Writes at the end of a hold are sent to fail, mostly. The server judges those that do not. */
function noteless() {}
