/** The longest pause between two requests for a lock that others hold. */
export const LONGEST_PAUSE_SECONDS = 15;
/** After this many retries, a poll checks whether the entry may be taken over, and whether to continue. */
const MOST_RETRIES = 8;

/** The number of retries whose longest pauses end within the wait. */
export function retriesWithin(waitSeconds: number): number {
  let pauses = 0;
  for (let retries = 0; retries < MOST_RETRIES; retries++) {
    pauses += Math.min(2 ** retries, LONGEST_PAUSE_SECONDS);
    if (pauses > waitSeconds) return retries;
  }
  return MOST_RETRIES;
}
