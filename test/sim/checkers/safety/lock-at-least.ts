import type { TypeScriptBeliever } from '../../clients/believer.js';
import type { Checker, World } from '../../world.js';

/** The least rate of one clock by another, if both drift by up to 500 ppm. */
const RATE = 1 - 0.0012;
const SLACK_MS = 20;

interface Time {
  readonly name: string;
  readonly untilMs: number;
}

/** A lock that was released stays taken for its least time. */
export class LockAtLeast implements Checker {
  private readonly grantedMs = new Map<TypeScriptBeliever, number>();
  private readonly times = new Map<string, Time>();

  constructor(private readonly world: World) {}

  granted(believer: TypeScriptBeliever): void {
    this.grantedMs.set(believer, this.world.time.nowMs);
  }

  tableRestored(): void {
    this.timeSkipped();
  }

  timeSkipped(): void {
    this.grantedMs.clear();
    this.times.clear();
  }

  released(believer: TypeScriptBeliever): void {
    const { lockAtLeastSeconds } = this.world.plan;
    const grantedMs = this.grantedMs.get(believer);
    // A release that was answered after the deadline may have come too late for its entry.
    if (lockAtLeastSeconds === 0 || grantedMs === undefined || believer.leftMs() <= 0) return;
    const untilMs = grantedMs + lockAtLeastSeconds * 1000 * RATE - SLACK_MS;
    this.times.set(believer.lock, { name: believer.name, untilMs });
  }

  taken(lock: string, name: string): void {
    const time = this.times.get(lock);
    this.times.delete(lock);
    if (!time || this.world.time.nowMs >= time.untilMs) return;
    const earlyMs = Math.round(time.untilMs - this.world.time.nowMs);
    this.world.report('lock-at-least', `${name} got ${lock} ${earlyMs} ms before the time of ${time.name} was over`);
  }
}
