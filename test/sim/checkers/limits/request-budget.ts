import { type ClientPlan, isFencing } from '../../faults/plan.js';
import type { SimProcess } from '../../process/sim-process.js';
import type { CallRecord, Checker, World } from '../../world.js';

/** A waiter sleeps at least 85 ms between polls, except between the first ones. */
const LEAST_SLEEP_MS = 85;
const QUICK_POLLS = 4;
/** Its own release, and late releases of calls that were cancelled before. */
const RELEASES = 3;
/** The same, and one tombstone written again because the clock was wrong. */
const LEAVES = RELEASES + 2;

/**
 * Requests stay within the budget of docs/protocol.md, section 5. It applies if no fault affected the process, no other
 * call ran in it, and the front ends agree.
 */
export class RequestBudget implements Checker {
  constructor(private readonly world: World) {}

  callFinished(call: CallRecord): void {
    const { process, startedMs, requests, kind, leaseSeconds } = call;
    if (process.faultUntilMs >= startedMs || process.isCrashed || !this.frontEndsAgree()) return;
    const tookMs = this.world.time.nowMs - startedMs;
    const fenced = isFencing(this.world.plan) ? 1 : 0;
    const limits = {
      // One write, and one over an expired entry. If the clock was far off, two more: refreshes, or a write under a new
      // hold id because the stamp was ahead. With fencing one more, because a token was not known.
      try: { acquire: 3 + fenced, read: 0, refresh: 2, release: RELEASES, leave: LEAVES, adopt: 0 },
      // One write each time that the entry was gone or expired, and another contender was faster.
      acquire: {
        acquire: 4 + fenced + Math.ceil(tookMs / 100),
        read: QUICK_POLLS + tookMs / LEAST_SLEEP_MS,
        refresh: 2,
        release: RELEASES,
        leave: LEAVES,
        adopt: 0,
      },
      // Two a lease, one before the grant, and one each for the caller, the hand-over, and its receiver.
      all: {},
      hold: {
        // By a receiver whose clock was ahead.
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

  /** Whether there is only one other client, and its new entries never look expired. */
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
