import { LockOptionError } from '../errors.js';
import { refuseUnknown, shown } from '../options/validate.js';

/** The requests of the client: `acquire` and `adopt` (of a hand-over) take a lock, `read` looks at it. */
export type LockRequest = 'acquire' | 'adopt' | 'refresh' | 'release' | 'read';
const LOCK_REQUESTS: readonly LockRequest[] = ['acquire', 'adopt', 'refresh', 'release', 'read'];

/** Which requests meet a fault. */
export interface FaultOptions {
  /** How many requests meet it before it is over. Whole, at least 1.
   * @default as many as come until it ends */
  readonly times?: number | undefined;
  /** Seconds after which it is over.
   * @default it lasts until `end()` */
  readonly forSeconds?: number | undefined;
  /** @default requests of every kind */
  readonly only?: readonly LockRequest[] | undefined;
}

/** A fault that requests meet for the time being. */
export interface Fault {
  /** How many requests have met it so far. */
  readonly met: number;
  /** Ends it. */
  end(): void;
  /** Ends it at the end of a `using` block. */
  [Symbol.dispose](): void;
}

/**
 * What becomes of a request:
 * - `throttled`: refused at once; not carried out
 * - `unreachable`: the connection is refused; not carried out
 * - `answer-lost`: carried out, and then the connection is cut in place of an answer
 * - `slow`: carried out and answered, that much later, even where its sender has given up by then
 */
export type Mishap =
  | { readonly kind: 'throttled' | 'unreachable' | 'answer-lost' }
  | { readonly kind: 'slow'; readonly seconds: number };

/** Whose requests, and which, a fault is planned for. */
export interface Reach extends FaultOptions {
  /** The only lock whose requests meet it. */
  readonly lockKey?: string | undefined;
}

/** The faults that requests meet at the moment. */
export class Faults {
  private readonly planned: PlannedFault[] = [];
  /** Locks whose requests meet no fault now: one for each time that they were spared. */
  private readonly spared: string[] = [];

  /** @param nowMs reads the clock that `forSeconds` goes by */
  constructor(private readonly nowMs: () => number) {}

  add(mishap: Mishap, reach: Reach): Fault {
    const { times = Infinity, forSeconds = Infinity } = reach;
    const fault = new PlannedFault(mishap, reach, times, this.nowMs() + forSeconds * 1000);
    this.planned.push(fault);
    return fault;
  }

  /** Until it ends, no fault meets this lock's requests. */
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
   * What becomes of this request; of several faults that are planned for it, the one added first is met, and once.
   * @param lockKeys the locks that it is about; none where it names none
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
