/** Between two requests for a lock that others hold. */
export const LONGEST_PAUSE_SECONDS = 15;
/** After so many, the entry is looked at: whether it may be taken over, and whether to go on. */
const MOST_RETRIES = 8;

/** So many that the longest pauses between them end in time. */
export function retriesWithin(waitSeconds: number): number {
  let pauses = 0;
  for (let retries = 0; retries < MOST_RETRIES; retries++) {
    pauses += Math.min(2 ** retries, LONGEST_PAUSE_SECONDS);
    if (pauses > waitSeconds) return retries;
  }
  return MOST_RETRIES;
}
