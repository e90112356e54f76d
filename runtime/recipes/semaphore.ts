import { tryForHold, waitForHold } from '../acquire/acquire.js';
import { type AcquireRequest, type AcquireSettings, acquireRequest } from '../acquire/acquire-request.js';
import { Hold } from '../hold/hold.js';
import { holdWhile, type Work, type WorkArguments, workArguments } from '../hold/run-under.js';
import type { HeldLock } from '../options/held-lock.js';
import { ACQUIRE_OPTIONS, type AcquireOptions, TRY_OPTIONS, type TryOptions } from '../options/options.js';
import { checkedWait, refuseUnknown } from '../options/validate.js';
import { PermitContention } from './contend-permit.js';
import type { SemaphoreRef } from './semaphore-ref.js';

interface SemaphoreSettings extends Omit<AcquireSettings<SemaphoreRef>, 'contend'> {
  readonly waitSeconds: number;
}

/** A semaphore's name and settings, from `createSemaphore`. Making one costs nothing and sends nothing. */
export class Semaphore {
  /** @internal */
  constructor(
    private readonly settings: SemaphoreSettings,
    /** How many may hold a permit at once. */
    readonly permits: number,
  ) {}

  /** The semaphore's name. */
  get name(): string {
    return this.settings.name;
  }

  /**
   * Waits until one of the permits is held. A permit is a lock, whose name is `held.name`.
   * Callers of one process queue, first in first out.
   * @throws LockNotGrantedError after `waitSeconds`: others hold the permits, and `holders` says who
   * @throws LockUnavailableError after `waitSeconds`: DynamoDB did not answer, and `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async acquire(options: AcquireOptions = {}): Promise<HeldLock> {
    return this.acquireHold(options, 'acquire');
  }

  /**
   * Tries once. Resolves to `undefined` if others hold all permits.
   * @throws LockUnavailableError if DynamoDB did not answer: its `cause` says why
   * @throws LockEntryError, LockTableError, LockOptionError, LockReentrancyError
   */
  async tryAcquire(options: TryOptions = {}): Promise<HeldLock | undefined> {
    refuseUnknown(options, TRY_OPTIONS, 'tryAcquire');
    const outcome = await tryForHold(await this.request(options));
    return outcome instanceof Hold ? outcome : undefined;
  }

  /**
   * Holds a permit while `work` runs, and resolves to what `work` resolves to.
   * @throws what `work` throws; `LockLostError` if the permit was lost before `work` settled, with its error as `cause`
   *   or its value as `result`; otherwise as `acquire`
   */
  withPermit<T>(work: Work<T>): Promise<T>;
  /** Waits for a permit, and holds it while `work` runs, with options for this call. */
  withPermit<T>(options: AcquireOptions | undefined, work: Work<T>): Promise<T>;
  async withPermit<T>(...args: WorkArguments<AcquireOptions, T>): Promise<T> {
    const { options, work } = workArguments(args, 'withPermit');
    return holdWhile(await this.acquireHold(options, 'withPermit'), work);
  }

  private async acquireHold(options: AcquireOptions, where: string): Promise<Hold> {
    refuseUnknown(options, ACQUIRE_OPTIONS, where);
    const waitSeconds = checkedWait(options.waitSeconds, this.settings.waitSeconds);
    return (await waitForHold(await this.request(options), waitSeconds)) as Hold;
  }

  private async request(options: TryOptions): Promise<AcquireRequest<SemaphoreRef>> {
    const settings: AcquireSettings<SemaphoreRef> = {
      ...this.settings,
      contend: (...args) => new PermitContention(...args),
    };
    const request = await acquireRequest(settings, options);
    request.ref.refuseReentry();
    return request;
  }
}
