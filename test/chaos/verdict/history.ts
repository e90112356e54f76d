import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beliefOf, type Section } from './section.js';

/** An operation on a lock, as the judge written in Go takes it. */
interface Operation {
  readonly client: string;
  readonly lock: string;
  readonly section: string;
  readonly kind: 'acquire' | 'release';
  /** What is known about it. What is unknown is pending to the end: a release may free the lock at any later time. */
  readonly outcome: 'done' | 'refused' | 'unknown';
  readonly call: number;
  /** Missing where there was no answer. */
  readonly return?: number;
}

/** A fault, for the picture. */
export interface Remark {
  readonly about: string;
  readonly from: number;
  readonly until: number;
  readonly text: string;
}

/**
 * The history of the locks as porcupine checks it: acquires that took the lock, and releases that freed it.
 * A lease that ran out frees a lock without a call, so it is a release at the moment at which its holder's
 * belief ended, by the holder's own word. An acquire is over once its first check has passed.
 */
function operationsOf(section: Section): Operation[] {
  const { id, worker: client, lock, acquireAt, refusedAt, inDoubt, releaseAt, releasedAt, releaseConfirmed } = section;
  const operation = { client, lock, section: id };
  const acquire = { ...operation, kind: 'acquire' as const, call: acquireAt };
  const belief = beliefOf(section);
  if (!belief) {
    // Killed or without an answer: the request may have landed, but nobody worked under it.
    const isRefused = refusedAt !== undefined && !inDoubt;
    return [isRefused ? { ...acquire, outcome: 'refused', return: refusedAt } : { ...acquire, outcome: 'unknown' }];
  }
  const taken: Operation = { ...acquire, outcome: 'done', return: belief.from };
  const release = { ...operation, kind: 'release' as const, call: belief.until };
  if (belief.until !== releaseAt) return [taken, { ...release, outcome: 'done', return: belief.until }];
  if (releasedAt === undefined || !releaseConfirmed) return [taken, { ...release, outcome: 'unknown' }];
  return [taken, { ...release, outcome: 'done', return: releasedAt }];
}

/** Porcupine's verdict: `Ok`, `Illegal` or `Unknown`. Its picture of the history is left in `history.html`. */
export function linearizability(
  judge: string,
  folder: string,
  sections: readonly Section[],
  remarks: readonly Remark[],
): string {
  const history = join(folder, 'history.json');
  writeFileSync(history, JSON.stringify({ operations: sections.flatMap(operationsOf), remarks }));
  return execFileSync(judge, [history, join(folder, 'history.html')], { encoding: 'utf8' }).trim();
}
