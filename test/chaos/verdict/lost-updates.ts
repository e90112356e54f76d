import type { KeptWrite } from '../counter-keeper.js';

/**
 * Writes of a counter, in the order in which they were kept, that did not add one to what stood there: their
 * writer had read before another wrote, so the other's update is lost. There must be none.
 */
export function lostUpdates(writes: readonly KeptWrite[]): string[] {
  const found: string[] = [];
  const last = new Map<string, KeptWrite>();
  for (const write of writes.filter(({ accepted }) => accepted)) {
    const { lock, section, value } = write;
    const before = last.get(lock);
    if (value !== (before?.value ?? 0) + 1) {
      found.push(`${section} wrote ${value} to the counter of ${lock} over the ${before?.value} of ${before?.section}`);
    }
    last.set(lock, write);
  }
  return found;
}
