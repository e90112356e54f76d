import { STAMP_LIMIT_MS } from './version.js';

/** The grain of the HTTP `Date` header. */
const DATE_GRAIN_MS = 1000;
/** Twice the rate by which clocks are assumed to be off at most (docs/protocol.md, section 6). */
const MOST_RATE_ERROR = 0.001;
/** What two front ends of DynamoDB may differ by (docs/protocol.md, section 3). */
const FRONT_ENDS_DIFFER_MS = 2000;

/** The latest time that any front end of DynamoDB shows when one of them answers with that `Date`. */
export function latestTimeAt(dateMs: number): number {
  return dateMs + DATE_GRAIN_MS + FRONT_ENDS_DIFFER_MS;
}

/**
 * The wall clock, corrected to DynamoDB's (docs/protocol.md, section 4). Every answer bounds the difference between the
 * two: its `Date` was read between sending and receiving, and stands for any moment within its second.
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

  /** Remembers the `Date` of an answer, and the monotonic time at which it had arrived. */
  hear(arrivedMs: number, dateMs: number | undefined): void {
    if (dateMs !== undefined) this.heard = { dateMs, arrivedMs };
  }

  /**
   * The earliest that DynamoDB's time can be now: the newest `Date`, plus the time since by the monotonic clock, less
   * what that clock may run fast. It may stand still, but is never set forward.
   */
  floorMs(monotonicMs: number): number | undefined {
    return this.heard && this.heard.dateMs + (monotonicMs - this.heard.arrivedMs) * (1 - MOST_RATE_ERROR);
  }

  /** The latest that DynamoDB's time can be now, if the monotonic clock did not stand still. */
  ceilingMs(monotonicMs: number): number | undefined {
    return this.heard && latestTimeAt(this.heard.dateMs) + (monotonicMs - this.heard.arrivedMs) * (1 + MOST_RATE_ERROR);
  }

  /** Whether answers have come, but none of them told DynamoDB's time. */
  get isDark(): boolean {
    return !this.timed && this.heard === undefined;
  }

  /** DynamoDB's time, in milliseconds since the epoch, as well as it is known. */
  nowMs(wallMs: number): number {
    return wallMs + this.offsetMs;
  }
}

const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** The time of an HTTP `Date` header (RFC 9110, 5.6.7); `undefined` if it is absent or malformed. */
export function parseDateHeader(value: unknown): number | undefined {
  if (typeof value !== 'string' || !IMF_FIXDATE.test(value)) return undefined;
  const dateMs = Date.parse(value);
  return dateMs >= 0 && dateMs < STAMP_LIMIT_MS ? dateMs : undefined;
}
