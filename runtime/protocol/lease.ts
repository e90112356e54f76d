/**
 * Until when a holder may rely on its hold (docs/protocol.md, section 4). Times are milliseconds of the holder's
 * elapsed time; `stampMs` and `dateMs` are DynamoDB's time.
 */

/** 0.25 s and 1 % of the lease. A holder ends so much earlier; a contender adds it for versions of other clients. */
export function safetyMarginMs(leaseSeconds: number): number {
  return 250 + leaseSeconds * 10;
}

/** The shortest lease, in whole seconds, of which so much is left without the margin. */
export function leaseWithMargin(seconds: number): number {
  return Math.ceil((seconds + 0.25) / 0.99);
}

/** One confirmed write of a version. */
export interface ConfirmedWrite {
  /** Elapsed time, read before the version's first attempt. */
  readonly sentMs: number;
  readonly stampMs: number;
  /** Whether contenders may go by the stamp. */
  readonly timed: boolean;
  readonly leaseSeconds: number;
  /** The `Date` header of the answer that confirmed it, if there was one. */
  readonly dateMs: number | undefined;
}

/**
 * The deadline that a confirmed write offers; `undefined` if it offers none.
 *
 *     stamp        sent                                   deadline      lease end
 *       │◄── lag ───►│                                        │◄─ lag + margin ─►│
 *     ──┴────────────┴────────────────────────────────────────┴──────────────────┴──►
 *
 * A contender that trusts the stamp counts the lease from there. If the stamp was behind DynamoDB's clock, the
 * contender may take over that much earlier, so the holder ends that much earlier. A timed stamp that was answered
 * without a `Date` could be behind by any amount: it offers nothing.
 */
export function offeredDeadlineMs(write: ConfirmedWrite): number | undefined {
  const latest = write.sentMs + write.leaseSeconds * 1000 - safetyMarginMs(write.leaseSeconds);
  if (!write.timed) return latest;
  if (write.dateMs === undefined) return undefined;
  return latest - Math.max(0, write.dateMs - write.stampMs);
}

/** Less than half a lease is too little to begin with: a refresh comes before the grant. */
export function isEnoughToGrant(deadlineMs: number, nowMs: number, leaseSeconds: number): boolean {
  return deadlineMs - nowMs >= leaseSeconds * 500;
}
