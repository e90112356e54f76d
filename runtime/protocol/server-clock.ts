import { STAMP_LIMIT_MS } from './version.js';

/** The grain of the HTTP `Date` header. */
const DATE_GRAIN_MS = 1000;

/**
 * The wall clock, corrected to DynamoDB's (docs/protocol.md, section 4). Every answer bounds the
 * difference between the two: its `Date` was read between sending and receiving, and stands for any
 * moment within its second.
 */
export class ServerClock {
  /** Whether every answer so far carried a `Date`. Once false, it stays false. */
  timed = true;
  private offsetMs = 0;

  /** Learns from an answer. Both wall times are the local clock's; the newest answer's bounds win. */
  learn(sentWallMs: number, receivedWallMs: number, dateMs: number | undefined): void {
    if (dateMs === undefined) {
      this.timed = false;
      return;
    }
    this.offsetMs = Math.max(this.offsetMs, dateMs - receivedWallMs);
    this.offsetMs = Math.min(this.offsetMs, dateMs + DATE_GRAIN_MS - sentWallMs);
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
