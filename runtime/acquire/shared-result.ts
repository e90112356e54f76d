import type { LocalQueue } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { Observation } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockOptionError } from '../errors.js';
import { noteFrom } from '../options/validate.js';
import type { LockEntry } from '../protocol/entry.js';
import { isTombstone, parseVersion } from '../protocol/version.js';

/** UTF-8 bytes that a result may take as JSON text. It shares one write with the rest of the tombstone. */
const LONGEST_RESULT_BYTES = 4096;

/** A result, as the entry's `data` keeps it. */
interface Result {
  /** Its format. */
  readonly singleFlight: 1;
  /** DynamoDB's time, in epoch milliseconds, at which the work had certainly not settled yet. */
  readonly madeAtMs: number;
  /** JSON; absent if the work resolved to `undefined`. */
  readonly value?: unknown;
}

/** A result that this process knows, and how old it was at most at some time. */
export interface KnownResult {
  /** JSON; undefined if the work resolved to `undefined`. */
  readonly text: string | undefined;
  readonly ageMs: number;
  /** Elapsed time at which it was that old. */
  readonly atMs: number;
  /** Elapsed time at which this process came to know it. */
  readonly learntMs: number;
}

/** The latest result of each lock, for the callers of this process that were waiting when it came. */
const known = new WeakMap<LocalQueue, KnownResult>();

/**
 * One caller's request for a result (docs/single-flight.md). The result of another caller serves while it is fresh.
 *
 *     DynamoDB's clock   ──┬──────────────┬──────────────────────────────┬───────────►
 *                     madeAt ≤ the work settled               Date of the answer that shows it
 *                          │◄──────────── age ≤ Date + tolerance - madeAt ───────────►│
 *
 * Both ends are DynamoDB's time: of the maker's last answer before its work settled, and of the answer that shows the
 * result. A client's clock is trusted only for its rate. The clock tolerance covers what a `Date` leaves out: its
 * fraction of a second, and what two front ends differ by.
 */
export class SharedResult {
  /** The result that serves, when there is one. */
  served: KnownResult | undefined;
  private readonly manager: LockManager;
  private readonly askedMs: number;

  constructor(
    private readonly ref: LockRef,
    private readonly freshSeconds: number,
  ) {
    this.manager = ref.manager;
    this.askedMs = this.manager.elapsedMs();
  }

  /** Whether another caller of this process, for which this one waited, has a result that serves. */
  isServedHere(): boolean {
    const result = known.get(this.ref.queue);
    if (!result || result.learntMs < this.askedMs || !this.isFresh(result)) return false;
    this.served = result;
    return true;
  }

  /** @param sentMs elapsed time at which the request was sent */
  isServedBy({ entry, dateMs }: Observation, sentMs: number): boolean {
    const result = resultIn(entry);
    if (!result || dateMs === undefined) return false;
    const ageMs = dateMs + this.ref.settings.clockToleranceSeconds * 1000 - result.madeAtMs;
    return this.learn({ text: JSON.stringify(result.value), ageMs, atMs: sentMs });
  }

  /** Nobody holds an entry with a result. If the result does not serve, there is nothing to wait for. */
  mayReplace(entry: LockEntry): boolean {
    return resultIn(entry) !== undefined;
  }

  /** The work settled just now: its result serves every caller that waits in this process. */
  made(text: string | undefined): void {
    this.learn({ text, ageMs: 0, atMs: this.manager.elapsedMs() });
  }

  /** Whether it is fresh now. A result that seems to come from the future is not. */
  isFresh({ ageMs, atMs }: KnownResult): boolean {
    return ageMs >= 0 && ageMs + (this.manager.elapsedMs() - atMs) <= this.freshSeconds * 1000;
  }

  private learn(result: Omit<KnownResult, 'learntMs'>): boolean {
    const learnt = { ...result, learntMs: this.manager.elapsedMs() };
    if (!this.isFresh(learnt)) return false;
    this.keep(learnt);
    this.served = learnt;
    return true;
  }

  /** Until no caller of this process has or wants the lock: later callers are not served with it anyway. */
  private keep(result: KnownResult): void {
    const { queue } = this.ref;
    if (!known.has(queue)) queue.onIdle(() => known.delete(queue));
    known.set(queue, result);
  }
}

/** The result in a tombstone; undefined if somebody holds the lock, or the note is something else. */
function resultIn(entry: LockEntry | undefined): Result | undefined {
  const version = entry && parseVersion(entry.version);
  if (!version || !isTombstone(version.holdId)) return undefined;
  const note = noteFrom(entry?.data) as Partial<Result> | null | undefined;
  if (note?.singleFlight !== 1 || typeof note.madeAtMs !== 'number') return undefined;
  return note as Result;
}

/**
 * The JSON text of a value, `undefined` included.
 * @throws LockOptionError if it is not a JSON value, or too long
 */
export function resultText(label: string, value: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new LockOptionError(`${label}: the result of its single flight is not a JSON value: ${cause}`, { cause });
  }
  if (text === undefined) {
    if (value === undefined) return undefined;
    throw new LockOptionError(`${label}: the result of its single flight is not a JSON value, but a ${typeof value}`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_RESULT_BYTES) return text;
  throw new LockOptionError(
    `${label}: the result of its single flight has ${bytes} bytes as JSON text, at most ${LONGEST_RESULT_BYTES} ` +
      'can be kept for others; keep it elsewhere, and return where it is',
  );
}

/** The value of a result's text. The maker gets it too, so that all callers get what JSON makes of the value. */
export function resultFrom(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** The note that carries a result. */
export function resultNote(madeAtMs: number, text: string | undefined): string {
  const value = text === undefined ? '' : `,"value":${text}`;
  return `{"singleFlight":1,"madeAtMs":${Math.floor(madeAtMs)}${value}}`;
}
