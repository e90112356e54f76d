/** DynamoDB keeps numbers of 38 digits: every token below this can be raised by one. */
export const MOST_FENCING_TOKEN = 10n ** 38n;

/**
 * The token of a new hold (docs/protocol.md, section 2): DynamoDB's time in milliseconds, or one more than `seen` if
 * that is greater. So tokens follow the clock, and rise above those that a restore from a backup removes.
 * @param seen the greatest token that is known; the table refuses one that cannot be raised
 */
export function nextFencingToken(seen: bigint | undefined, nowMs: number): bigint {
  const byClock = BigInt(Math.floor(nowMs));
  return seen !== undefined && seen >= byClock && seen < MOST_FENCING_TOKEN ? seen + 1n : byClock;
}
