import { type ClientPlan, isFencing } from '../../faults/plan.js';
import type { SimProcess } from '../../process/sim-process.js';
import type { CallRecord, Checker, World } from '../../world.js';

/** A waiter sleeps at least 85 ms between looks, but for the first three. */
const LEAST_SLEEP_MS = 85;
const QUICK_LOOKS = 4;
/** A release, and late ones of what was cancelled before: their time cannot be told from here. */
const RELEASES = 3;
/** The same, and what is left once more where the clock was wrong. */
const LEAVES = RELEASES + 2;

/**
 * Requests stay within the budget of the protocol's section 5 where nothing is wrong: no fault touched
 * the process, nobody else in it asked for anything meanwhile, and the front ends agree.
 */
export class RequestBudget implements Checker {
  constructor(private readonly world: World) {}

  callFinished(call: CallRecord): void {
    const { process, startedMs, requests, kind, leaseSeconds } = call;
    if (process.faultUntilMs >= startedMs || process.isCrashed || !this.frontEndsAgree()) return;
    const tookMs = this.world.time.nowMs - startedMs;
    const fenced = isFencing(this.world.plan) ? 1 : 0;
    const limits = {
      // A write, and one over what it showed as expired; then, where the clock was far off, two more: refreshes, or one
      // under a new hold id where it was ahead. With fencing one more write, where a token was not known.
      try: { acquire: 3 + fenced, read: 0, refresh: 2, release: RELEASES, leave: LEAVES, adopt: 0 },
      // A write for each time that the entry was seen gone or expired, and another was quicker.
      acquire: {
        acquire: 4 + fenced + Math.ceil(tookMs / 100),
        read: QUICK_LOOKS + tookMs / LEAST_SLEEP_MS,
        refresh: 2,
        release: RELEASES,
        leave: LEAVES,
        adopt: 0,
      },
      // Two a lease, one that makes the lease good, and one each for its user, the hand-over and its receiver's topping up.
      all: {},
      hold: {
        // The receiver's, whose clock was ahead.
        acquire: 1,
        read: 0,
        refresh: 5 + (tookMs / (leaseSeconds * 500)) * 1.1,
        release: RELEASES,
        leave: LEAVES,
        adopt: 1 + fenced,
      },
    }[kind];
    for (const [operation, limit] of Object.entries(limits)) {
      const count = requests[operation as keyof typeof requests];
      if (count <= limit) continue;
      const took = `${process.name} took ${count} ${operation} requests for one ${kind} of ${Math.round(tookMs)} ms`;
      this.world.report('request-budget', `${took}, not ${Math.floor(limit)}`);
    }
    if (kind === 'try' && !call.granted && requests.acquire > 1 && this.onlyOtherIsOnTime(process)) {
      this.world.report('request-budget', `${process.name}: a try that was refused took ${requests.acquire} writes`);
    }
  }

  /** Nobody else is there but one, whose entries never look expired while they are new. */
  private onlyOtherIsOnTime(process: SimProcess): boolean {
    const { clients, plan } = this.world;
    const others = plan.clients.filter((_, index) => clients[index]?.process !== process);
    const isOnTime = ({ clock, clockSteps, leaseSeconds }: ClientPlan): boolean =>
      clockSteps.length === 0 && clock.offsetMs > -leaseSeconds * 1000;
    return others.length === 1 && others.every(isOnTime);
  }

  private frontEndsAgree(): boolean {
    const { frontEndsMs } = this.world.plan.networkFaults;
    return Math.max(...frontEndsMs) - Math.min(...frontEndsMs) < 500;
  }
}
