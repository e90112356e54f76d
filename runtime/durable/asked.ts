import type { LockSettings } from '../acquire/acquire-request.js';
import { getLockFactory } from '../client/default.js';
import { checkedPermitCount, LockFactory } from '../client/lock-factory.js';
import type { LockStore } from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { insideExecution, refuseReentry } from '../entry/scope.js';
import { type LockHolder, LockOptionError } from '../errors.js';
import { type Outcome, resultOf } from '../hold/run-under.js';
import { DEFAULT_RESERVE_SECONDS, type Lease } from '../options/invocation-lease.js';
import { checkedNote, shown } from '../options/validate.js';
import type { Asking } from './acquisition.js';
import type { DurableContext } from './context.js';
import { SdkExecution } from './execution.js';
import { DurableHeldLock } from './held.js';
import { Holding, type RunContext } from './holding.js';
import {
  checkedPoll,
  checkedWait,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_POLL_SECONDS,
  type DurableLockOptions,
  YEAR_SECONDS,
} from './options.js';
import { type Grant, type Patience, Waiting, type Wanted } from './waiting.js';

/** An operation's name has to be short. */
const LONGEST_TITLE = 80;

/** What runs while the execution holds the lock. */
export type DurableWork<C extends DurableContext, T> = (held: DurableHeldLock<C>) => Promise<T>;

/** One call, with its options checked. */
export class Asked {
  private readonly factory: LockFactory;
  private readonly execution: SdkExecution;
  private readonly settings: LockSettings;
  private readonly leaseSeconds: number;
  /** The note for the entry: JSON text. */
  private readonly data: string | undefined;
  private wanted!: Wanted;
  private what = 'lock';

  constructor(
    private readonly context: DurableContext,
    private readonly name: string,
    options: DurableLockOptions,
  ) {
    const { factory } = options;
    if (factory !== undefined && !(factory instanceof LockFactory)) {
      throw new LockOptionError(`factory is what getLockFactory returns, got ${shown(factory)}`);
    }
    this.factory = factory ?? getLockFactory();
    this.execution = new SdkExecution(context);
    const { leaseSeconds, fencing, lockAtLeastSeconds } = options;
    this.settings = this.factory.lockSettings(name, { leaseSeconds, fencing, lockAtLeastSeconds });
    this.leaseSeconds = leaseSecondsOf(options, this.settings.leaseSeconds);
    this.data = checkedNote(options.data);
  }

  async lock(): Promise<this> {
    const { name } = this.settings;
    const ref = (await this.factory.reach(name)) as LockRef<LockStore>;
    refuseReentry(ref);
    const { manager, store } = ref;
    this.wanted = {
      manager,
      store,
      candidates: [ref],
      notGranted: (limit, holders, cause) => ref.notGranted(limit, holders, cause),
    };
    return this;
  }

  async permits(permits: number): Promise<this> {
    const semaphore = await this.factory.reachSemaphore(this.name, checkedPermitCount(this.name, permits));
    semaphore.refuseReentry();
    const { manager, store, permits: candidates } = semaphore;
    this.wanted = {
      manager,
      store,
      candidates,
      notGranted: (limit, holders, cause) => semaphore.notGranted(limit, holders, cause),
    };
    this.what = 'permit';
    return this;
  }

  /** @throws LockNotGrantedError or LockUnavailableError if the wait ended without it */
  async grant({ waitSeconds, maxPollSeconds }: DurableLockOptions): Promise<Grant> {
    const seconds = checkedWait(waitSeconds, Math.min(this.settings.waitSeconds, YEAR_SECONDS));
    const limit = seconds > 0 ? `within ${seconds} s` : 'at once';
    const poll = checkedPoll(maxPollSeconds, DEFAULT_POLL_SECONDS);
    const outcome = await this.ask({ waitSeconds: seconds, maxPollSeconds: poll, limit });
    if ('ref' in outcome) return outcome;
    throw this.wanted.notGranted(limit, outcome, undefined);
  }

  ask(patience: Patience): Promise<Grant | readonly LockHolder[]> {
    const { execution, title, wanted } = this;
    return new Waiting(execution, title, wanted, (acquisition) => this.asking(acquisition)).acquire(patience);
  }

  async holdWhile<C extends DurableContext, T>(grant: Grant, context: C, work: DurableWork<C, T>): Promise<T> {
    const { ref } = grant;
    const { leaseSeconds } = this;
    const runContext = (): RunContext => this.runContext();
    const holding = new Holding(ref, grant, { leaseSeconds, runContext });
    const held = new DurableHeldLock(holding, context);
    const queues = new Set(this.wanted.candidates.map(({ queue }) => queue));
    const scope = {
      get isHeld() {
        return holding.isHeld;
      },
      isOn: (queue: LockRef['queue']) => queues.has(queue),
    };
    let outcome: Outcome<T>;
    try {
      outcome = { value: await insideExecution(scope, () => Promise.resolve(work(held))) };
    } catch (error) {
      outcome = { error };
    }
    // After work that failed, the lock does not stay taken: it is free for a retry.
    const atLeastSeconds = 'error' in outcome ? 0 : this.settings.lockAtLeastSeconds;
    await holding.release(this.execution, `${this.title}: release`, atLeastSeconds);
    return resultOf(outcome, holding.lossSoFar);
  }

  /** Names the operations of the execution. */
  private get title(): string {
    return `${this.what} ${this.name.slice(0, LONGEST_TITLE)}`;
  }

  private asking(acquisition: string): Asking {
    const { leaseSeconds, data } = this;
    const { hostIdentifier, reporter } = this.runContext();
    const fencing = this.what === 'lock' && this.settings.fencing;
    return { acquisition, leaseSeconds, fencing, hostIdentifier, data, reporter };
  }

  /** The execution is the holder, in all of its invocations. */
  private runContext(): RunContext & { readonly hostIdentifier: string } {
    const { lambdaContext, executionContext } = this.context;
    const hostIdentifier = executionContext.durableExecutionArn;
    const { manager, settings, store } = this.wanted.candidates[0] as LockRef;
    const attempt = {
      lockName: this.name,
      tableName: store.tableName,
      hostIdentifier,
      leaseSeconds: this.leaseSeconds,
      requestId: lambdaContext?.awsRequestId,
    };
    const leftMs = lambdaContext?.getRemainingTimeInMillis?.();
    return {
      hostIdentifier,
      reporter: settings.reporterFor(attempt, manager),
      invocationEndsMs: leftMs === undefined ? undefined : manager.elapsedMs() + leftMs,
      reserveSeconds: DEFAULT_RESERVE_SECONDS,
    };
  }
}

/** @param ofFactory the lease of the factory's locks, or the one that was given */
function leaseSecondsOf({ leaseSeconds }: DurableLockOptions, ofFactory: Lease): number {
  if (leaseSeconds === undefined) {
    return ofFactory === 'invocation' ? DEFAULT_LEASE_SECONDS : Math.max(DEFAULT_LEASE_SECONDS, ofFactory);
  }
  if (ofFactory !== 'invocation') return ofFactory;
  throw new LockOptionError('leaseSeconds is "invocation", but the lock outlives the invocation: pass seconds');
}
