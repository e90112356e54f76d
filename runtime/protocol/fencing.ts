/** DynamoDB keeps numbers of 38 digits: one more can be added to all that are below this. */
export const MOST_FENCING_TOKEN = 10n ** 38n;

/**
 * The token of a new hold (docs/protocol.md, section 2): DynamoDB's time in milliseconds, or one more than the token
 * seen where that is not smaller. So tokens rise by the clock, and what a restore from a backup takes away is passed.
 * @param seen the greatest that is known to have been given; one that cannot be raised is for the table to refuse
 */
export function nextFencingToken(seen: bigint | undefined, nowMs: number): bigint {
  const byClock = BigInt(Math.floor(nowMs));
  return seen !== undefined && seen >= byClock && seen < MOST_FENCING_TOKEN ? seen + 1n : byClock;
}
