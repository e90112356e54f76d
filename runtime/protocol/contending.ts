import { pollDelayMs } from './schedule.js';

/**
 * What a contender does next (docs/protocol.md, sections 3 and 5): a write first, then cheap polls until another write
 * can succeed.
 */

/** Writes in a row without a sleep between them: a takeover, its loss to another, and one more. */
const WRITES_IN_A_ROW = 3;
/** From this factor on, a lock counts as crowded. */
const CROWDED = 2;

/** A request: a write, over `expiredVersion` if that is given, or a poll. */
export type Step = { readonly kind: 'write'; readonly expiredVersion?: string | undefined } | { readonly kind: 'poll' };

/** What an answer told: another holds the lock, a shared result serves the caller, or a write may succeed. */
export type Verdict = 'held' | 'served' | { readonly expiredVersion?: string | undefined };

/** What is known when an answer has told nothing of a write of our own. */
export interface Situation {
  /** Whether the caller waits until the lock is held, or only tries. */
  readonly mode: 'wait' | 'try';
  readonly verdict: Verdict;
  /** Writes since the last poll, the one that was answered included. */
  readonly writesInARow: number;
  /** Sleeps before this one. */
  readonly polls: number;
  /** How much rarer polls have to be, from 1 on. */
  readonly crowding: number;
  /** Whether the lock has changed hands since the poll before. */
  readonly isLively: boolean;
  /** Milliseconds until the entry expires by observation; below 0 if it has. */
  readonly untilExpiryMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** Ends the attempt like that, or sends `step` after `delayMs`. Without one, `stepAfterWait` decides then. */
export type NextMove = 'refused' | 'served' | { readonly delayMs: number; readonly step?: Step };

/**
 * The first step of an attempt: over a version that has expired, if there is one. A shared result is looked for first.
 */
export function firstStep(expiredVersion: string | undefined, wantsResult: boolean): Step {
  return wantsResult ? { kind: 'poll' } : { kind: 'write', expiredVersion };
}

export function nextMove(situation: Situation): NextMove {
  const { mode, verdict, writesInARow, polls, crowding, isLively, untilExpiryMs, random } = situation;
  if (verdict === 'served') return verdict;
  if (verdict === 'held') {
    if (mode === 'try') return 'refused';
    return { delayMs: Math.min(pollDelayMs(polls, random, crowding, isLively), Math.max(0, untilExpiryMs)) };
  }
  // A server that shows an entry as free, and yet refuses the write, must not be hammered.
  const delayMs = writesInARow < WRITES_IN_A_ROW ? 0 : pollDelayMs(polls, random);
  return { delayMs, step: { kind: 'write', ...verdict } };
}

/** In a crowd another contender has most likely been faster: a poll costs less than a write that fails. */
export function stepAfterWait(expiredVersion: string | undefined, crowding: number): Step {
  if (expiredVersion === undefined || crowding >= CROWDED) return { kind: 'poll' };
  return { kind: 'write', expiredVersion };
}
