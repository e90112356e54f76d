/// <reference lib="esnext.disposable" preserve="true" />
import { LockOptionError } from '../errors.js';
import { refuseUnknown, shown } from '../options/validate.js';

/** A kind of request. `acquire` and `adopt` (after a hand-over) take a lock; `read` reads entries. */
export type LockRequest = 'acquire' | 'adopt' | 'refresh' | 'release' | 'read';
const LOCK_REQUESTS: readonly LockRequest[] = ['acquire', 'adopt', 'refresh', 'release', 'read'];

/** Which requests meet a fault, and for how long. */
export interface FaultOptions {
  /**
   * Number of requests that meet the fault. It ends after them. A whole number, at least 1.
   * @default no limit
   */
  readonly times?: number | undefined;
  /**
   * Seconds after which the fault ends.
   * @default no limit: it lasts until `end()`
   */
  readonly forSeconds?: number | undefined;
  /**
   * The kinds of requests that meet the fault.
   * @default all kinds
   */
  readonly only?: readonly LockRequest[] | undefined;
}

/** A fault that requests meet until it ends. */
export interface Fault {
  /** Number of requests that have met the fault so far. */
  readonly met: number;
  /** Ends the fault. */
  end(): void;
  /** Ends the fault at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/**
 * What happens to a request:
 * - `throttled`: it is refused at once, and not carried out
 * - `unreachable`: the connection is refused, and the request is not carried out
 * - `answer-lost`: it is carried out; then the connection breaks, and no answer comes
 * - `slow`: it is carried out and answered that much later, even if its sender has given up by then
 */
export type Mishap =
  | { readonly kind: 'throttled' | 'unreachable' | 'answer-lost' }
  | { readonly kind: 'slow'; readonly seconds: number };

/** Which requests a fault is planned for. */
export interface Reach extends FaultOptions {
  /** If set, only requests about this lock meet the fault. */
  readonly lockKey?: string | undefined;
}

/** The faults that requests meet at the moment. */
export class Faults {
  private readonly planned: PlannedFault[] = [];
  /** Locks whose requests meet no fault now. A lock that was spared twice is here twice. */
  private readonly spared: string[] = [];

  /** @param nowMs reads the clock that `forSeconds` is measured with */
  constructor(private readonly nowMs: () => number) {}

  add(mishap: Mishap, reach: Reach): Fault {
    const { times = Infinity, forSeconds = Infinity } = reach;
    const fault = new PlannedFault(mishap, reach, times, this.nowMs() + forSeconds * 1000);
    this.planned.push(fault);
    return fault;
  }

  /** Until the returned object's `end()` is called, this lock's requests meet no fault. */
  spare(lockKey: string): Pick<Fault, 'end'> {
    this.spared.push(lockKey);
    return {
      end: () => {
        const index = this.spared.indexOf(lockKey);
        if (index !== -1) this.spared.splice(index, 1);
      },
    };
  }

  /**
   * Decides what happens to this request. If several faults are planned for it, it meets the one that was added first.
   * @param lockKeys the locks that the request is about; empty if it names none
   */
  meet(request: LockRequest, lockKeys: readonly string[]): Mishap | undefined {
    if (lockKeys.length > 0 && lockKeys.every((lockKey) => this.spared.includes(lockKey))) return undefined;
    const nowMs = this.nowMs();
    const fault = this.planned.find((candidate) => candidate.isFor(request, lockKeys, nowMs));
    return fault?.meet();
  }
}

class PlannedFault implements Fault {
  met = 0;
  private isOver = false;

  constructor(
    private readonly mishap: Mishap,
    private readonly reach: Reach,
    private readonly times: number,
    private readonly untilMs: number,
  ) {}

  isFor(request: LockRequest, lockKeys: readonly string[], nowMs: number): boolean {
    const { only, lockKey } = this.reach;
    if (this.isOver || this.met >= this.times || nowMs >= this.untilMs) return false;
    if (lockKey !== undefined && !lockKeys.includes(lockKey)) return false;
    return only === undefined || only.includes(request);
  }

  meet(): Mishap {
    this.met += 1;
    return this.mishap;
  }

  end(): void {
    this.isOver = true;
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** @throws LockOptionError */
export function checkedFaultOptions(options: FaultOptions, where: string): FaultOptions {
  refuseUnknown(options, ['times', 'forSeconds', 'only'], where);
  const { times, forSeconds, only } = options;
  if (times !== undefined && !(Number.isInteger(times) && times >= 1)) {
    throw new LockOptionError(`times is a whole number of requests, at least 1, got ${shown(times)}`);
  }
  if (forSeconds !== undefined) checkedSeconds(forSeconds, 'forSeconds');
  if (only !== undefined && !(Array.isArray(only) && only.length > 0 && only.every(isRequest))) {
    throw new LockOptionError(`only is a list of ${LOCK_REQUESTS.join(', ')}, got ${shown(only)}`);
  }
  return { times, forSeconds, only };
}

/** @throws LockOptionError */
export function checkedSeconds(value: unknown, what: string): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new LockOptionError(`${what} is a number of seconds, not negative, got ${shown(value)}`);
}

function isRequest(value: unknown): boolean {
  return LOCK_REQUESTS.includes(value as LockRequest);
}
