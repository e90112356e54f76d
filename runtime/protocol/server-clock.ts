import { STAMP_LIMIT_MS } from './version.js';

/** The grain of the HTTP `Date` header. */
const DATE_GRAIN_MS = 1000;
/** Twice what clocks are assumed to be off at most (docs/protocol.md, section 6). */
const MOST_RATE_ERROR = 0.001;
/** What two front ends of DynamoDB may differ by (docs/protocol.md, section 3). */
const FRONT_ENDS_DIFFER_MS = 2000;

/** What DynamoDB's clock, at any of its front ends, shows at the latest when one of them answers with that `Date`. */
export function latestTimeAt(dateMs: number): number {
  return dateMs + DATE_GRAIN_MS + FRONT_ENDS_DIFFER_MS;
}

/**
 * The wall clock, corrected to DynamoDB's (docs/protocol.md, section 4). Every answer bounds the
 * difference between the two: its `Date` was read between sending and receiving, and stands for any
 * moment within its second.
 */
export class ServerClock {
  /** Whether every answer so far carried a `Date`. Once false, it stays false. */
  timed = true;
  private offsetMs = 0;
  private heard: { readonly dateMs: number; readonly arrivedMs: number } | undefined;

  /** Learns from an answer. Both wall times are the local clock's; the newest answer's bounds win. */
  learn(sentWallMs: number, receivedWallMs: number, dateMs: number | undefined): void {
    if (dateMs === undefined) {
      this.timed = false;
      return;
    }
    this.offsetMs = Math.max(this.offsetMs, dateMs - receivedWallMs);
    this.offsetMs = Math.min(this.offsetMs, dateMs + DATE_GRAIN_MS - sentWallMs);
  }

  /** Remembers what a dated answer said, and the monotonic time at which it had arrived. */
  hear(arrivedMs: number, dateMs: number | undefined): void {
    if (dateMs !== undefined) this.heard = { dateMs, arrivedMs };
  }

  /**
   * What DynamoDB's time certainly is by now: what the newest dated answer said, and the time since. By the
   * monotonic clock, which may stand still and is never set forward; less what it may run fast.
   */
  floorMs(monotonicMs: number): number | undefined {
    return this.heard && this.heard.dateMs + (monotonicMs - this.heard.arrivedMs) * (1 - MOST_RATE_ERROR);
  }

  /** What DynamoDB's time is by now at the latest, as long as the monotonic clock did not stand still. */
  ceilingMs(monotonicMs: number): number | undefined {
    return this.heard && latestTimeAt(this.heard.dateMs) + (monotonicMs - this.heard.arrivedMs) * (1 + MOST_RATE_ERROR);
  }

  /** Whether answers have come, and none of them has told DynamoDB's time: then nothing is known of it. */
  get isDark(): boolean {
    return !this.timed && this.heard === undefined;
  }

  /** DynamoDB's time, in milliseconds since the epoch, as well as it is known. */
  nowMs(wallMs: number): number {
    return wallMs + this.offsetMs;
  }
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The time of an HTTP `Date` header (RFC 9110, 5.6.7); `undefined` where it is absent or not one. */
export function parseDateHeader(value: unknown): number | undefined {
  if (typeof value !== 'string' || !IMF_FIXDATE.test(value)) return undefined;
  const dateMs = Date.parse(value);
  return dateMs >= 0 && dateMs < STAMP_LIMIT_MS ? dateMs : undefined;
}
