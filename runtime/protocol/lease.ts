/**
 * How long a holder may believe it holds (docs/protocol.md, section 4). All times in this file are
 * milliseconds of the holder's elapsed time, but for `stampMs` and `dateMs`, which are DynamoDB's.
 */

/** 0.25 s and 1 % of the lease: what a holder gives up early, and a contender adds for versions not ours. */
export function safetyMarginMs(leaseSeconds: number): number {
  return 250 + leaseSeconds * 10;
}

/** One confirmed write of a version. */
export interface ConfirmedWrite {
  /** Elapsed time read before the version's first attempt. */
  readonly sentMs: number;
  readonly stampMs: number;
  /** Whether contenders may go by the stamp. */
  readonly timed: boolean;
  readonly leaseSeconds: number;
  /** The `Date` header of the answer that confirmed it, where there was one. */
  readonly dateMs: number | undefined;
}

/**
 * The deadline that a confirmed write offers; `undefined` where it offers none.
 *
 *     stamp        sent                                   deadline      lease end
 *       │◄── lag ───►│                                        │◄─ lag + margin ─►│
 *     ──┴────────────┴────────────────────────────────────────┴──────────────────┴──►
 *
 * A contender who trusts the stamp counts the lease from there. Where the stamp was behind DynamoDB's
 * clock, it may take over that much earlier, so the holder stops believing that much earlier. A timed
 * stamp answered without a `Date` could be behind by any amount: it offers nothing.
 */
export function offeredDeadlineMs(write: ConfirmedWrite): number | undefined {
  const latest = write.sentMs + write.leaseSeconds * 1000 - safetyMarginMs(write.leaseSeconds);
  if (!write.timed) return latest;
  if (write.dateMs === undefined) return undefined;
  return latest - Math.max(0, write.dateMs - write.stampMs);
}

/** Less than half a lease left is too little to begin with: refresh before granting. */
export function isEnoughToGrant(deadlineMs: number, nowMs: number, leaseSeconds: number): boolean {
  return deadlineMs - nowMs >= leaseSeconds * 500;
}
