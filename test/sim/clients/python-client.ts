import type { Prng } from '../engine/prng.js';
import { shortVersion } from '../engine/trace.js';
import type { ClientPlan } from '../faults/plan.js';
import type { Connection } from '../network/network.js';
import { SimSdk } from '../network/sim-sdk.js';
import { SimProcess } from '../process/sim-process.js';
import type { Client, World } from '../world.js';
import type { Believer } from './believer.js';
import { PythonHold } from './python-hold.js';

/** boto3's defaults: five attempts, a minute each. */
const BOTO3 = { attempts: 5, attemptMs: 60_000 };

/**
 * Simulates the Python package lynk 0.3.1 (`techniques.py`), with its boto3.
 *
 * Assumptions: it believes in each confirmed write for the whole lease, counted from the send, by true time. (The package
 * itself never checks.) Its `PutItem` is always answered, and arrives once. If an answer were lost, boto3 would write
 * again, fail on the client's own entry, wait for it to expire, and overwrite it with the same version. That breaks the
 * package among its own clients, too, so it is not for us to prove.
 */
export class PythonClient implements Client {
  readonly process: SimProcess;
  readonly connection: Connection;
  readonly sdk: SimSdk;
  private isStopped = false;

  constructor(
    readonly world: World,
    name: string,
    readonly plan: ClientPlan,
    readonly prng: Prng,
  ) {
    const { time, network, trace } = world;
    this.process = new SimProcess(name, time, plan.clock, prng.fork(), trace);
    this.connection = { process: this.process, plan, partitions: [...plan.partitions], frontEnd: 0 };
    this.sdk = new SimSdk(network, this.connection, BOTO3, prng.fork());
  }

  start(): void {
    this.live().catch((error: unknown) => this.world.report('errors', `${this.process.name}: ${String(error)}`));
  }

  stop(): void {
    this.isStopped = true;
  }

  /** `Session.deserialize_lock`, then `Lock.refresh`. The package does not start a refresher there. */
  receive(text: string, lock: string, leaseSeconds: number): void {
    const { technique } = JSON.parse(text) as { technique: string };
    const { versions } = JSON.parse(technique) as { versions: Record<string, string> };
    const hold = new PythonHold(this, lock, versions[lock] as string, leaseSeconds);
    hold
      .refresh()
      .then(() => (hold.isLost ? undefined : this.use(hold)))
      .catch(() => {});
  }

  believe(believer: Believer): void {
    this.world.trace?.(this.process.name, `HOLDS ${believer.lock}`);
    this.world.believed(believer);
    // Confirmed after its lease was over: it holds nothing.
    if (believer.believes()) this.world.taken(believer.lock, believer.name);
  }

  /** `uuid.uuid4()`. */
  drawVersion(): string {
    const hex = Array.from(this.prng.bytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  private async live(): Promise<void> {
    const { workload, locks } = this.world.plan;
    while (!this.isStopped) {
      await this.process.sleep(this.prng.between(0, workload.idleMs));
      try {
        const hold = await this.acquire(this.prng.pick(locks), this.prng.magnitude(1, 60));
        if (hold) await this.use(hold);
      } catch (error) {
        // boto3 raises an error when its attempts are used up. That ends this round.
        this.world.trace?.(this.process.name, `hears ${String(error)}`);
      }
    }
  }

  /** `VersionLeaseTechinque.acquire`: a put, then sleeps of a whole lease, each followed by an overwrite. */
  private async acquire(lock: string, maxWaitSeconds: number): Promise<PythonHold | undefined> {
    const startedMs = this.process.clock.monotonicMs();
    let seen = await this.tryWrite(lock, this.drawVersion(), undefined);
    // One version for all further attempts, as in `_try_steal_lock`.
    const version = this.drawVersion();
    while (!(seen instanceof PythonHold)) {
      const waitedSeconds = (this.process.clock.monotonicMs() - startedMs) / 1000;
      if (waitedSeconds + seen.leaseSeconds > maxWaitSeconds) return undefined;
      await this.process.sleep(seen.leaseSeconds * 1000);
      seen = await this.tryWrite(lock, version, seen.version);
    }
    return seen;
  }

  private async tryWrite(
    lock: string,
    version: string,
    expiredVersion: string | undefined,
  ): Promise<PythonHold | { readonly leaseSeconds: number; readonly version: string | undefined }> {
    const { world, process, plan } = this;
    const entry = { lockKey: lock, leaseSeconds: plan.leaseSeconds, version, hostIdentifier: process.name };
    const sentMs = world.time.nowMs;
    const name = `put ${lock} ${shortVersion(version)} over ${shortVersion(expiredVersion)}`;
    world.trace?.(process.name, name);
    const carryOut = () => world.database.put(entry, expiredVersion);
    const { written } = await this.sdk.send({ name, carryOut, isReliable: true });
    if (written) {
      const hold = new PythonHold(this, lock, version, plan.leaseSeconds);
      hold.confirm(version, sentMs);
      return hold;
    }
    // `_raise_lock_in_use`: a consistent read. If the entry is gone, it tries again at once.
    const found = await this.sdk.send({ name: `get ${lock}`, carryOut: () => world.database.read(lock, 0) });
    return { leaseSeconds: found.entry?.leaseSeconds ?? 0, version: found.entry?.version };
  }

  private async use(hold: PythonHold): Promise<void> {
    const { workload } = this.world.plan;
    hold.startRefresher();
    const isShort = this.prng.chance(workload.shortHoldChance);
    await this.process.sleep(isShort ? this.prng.magnitude(1, 500) : this.prng.between(0, hold.leaseSeconds * 3000));
    hold.stopRefresher();
    if (this.prng.chance(workload.handOverChance)) {
      const text = await hold.serialize();
      if (text !== undefined) this.world.post(text, hold.lock, hold.leaseSeconds);
    } else {
      await hold.release();
    }
  }
}
