import type { JournalLine } from '../journal.js';

/** One attempt to work under a lock, put together from its journal. Times are monotonic microseconds. */
export interface Section {
  readonly id: string;
  /** The process: `w3.2`. */
  readonly worker: string;
  readonly lock: string;
  readonly acquireAt: number;
  /** When its first check passed; missing where the lock was not granted, or lost again before that. */
  believedFrom?: number;
  /** The latest moment until which a check that passed said that the lock is held. */
  believedUntil?: number;
  refusedAt?: number;
  /** A request of the acquire had no answer. */
  inDoubt?: boolean;
  lostAt?: number;
  releaseAt?: number;
  releasedAt?: number;
  releaseConfirmed?: boolean;
}

/** A time in which a worker believed that it held a lock. */
export interface Belief {
  readonly section: Section;
  readonly from: number;
  readonly until: number;
}

/** The sections of one worker process. */
export function sectionsOf(worker: string, lines: readonly JournalLine[]): Section[] {
  const sections = new Map<string, Section>();
  for (const line of lines) {
    const { section: id, at } = line;
    if (line.event === 'acquire') {
      sections.set(id, { id, worker, lock: line.lock, acquireAt: at });
      continue;
    }
    const section = sections.get(id);
    if (!section) throw new Error(`the journal of ${worker} tells of ${id} before its beginning`);
    if (line.event === 'held') {
      section.believedFrom ??= at;
      section.believedUntil = Math.max(section.believedUntil ?? 0, line.until);
    } else if (line.event === 'refused') {
      section.refusedAt = at;
      section.inDoubt = line.inDoubt;
    } else if (line.event === 'lost') {
      section.lostAt = at;
    } else if (line.event === 'release') {
      section.releaseAt = at;
    } else if (line.event === 'released') {
      section.releasedAt = at;
      section.releaseConfirmed = line.confirmed;
    }
  }
  return [...sections.values()];
}

/**
 * From the first check that passed to the end that the last one stated, or to the worker's own word that it
 * believes no more: a check that failed, or its release. Between two checks that passed the lock was held
 * all along, because a hold that is lost stays lost.
 *
 * A worker that was killed says nothing more. Its belief stands until the end it stated, as its entry does:
 * nobody may have the lock before.
 */
export function beliefOf(section: Section): Belief | undefined {
  const { believedFrom, believedUntil, lostAt, releaseAt } = section;
  if (believedFrom === undefined || believedUntil === undefined) return undefined;
  const until = Math.min(believedUntil, lostAt ?? believedUntil, releaseAt ?? believedUntil);
  return { section, from: believedFrom, until };
}
