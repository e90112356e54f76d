import type { LocalQueue } from '../core/local-queue.js';
import type { LockManager } from '../core/lock-manager.js';
import type { Observation } from '../entry/assess.js';
import type { LockRef } from '../entry/lock-ref.js';
import { LockOptionError } from '../errors.js';
import { noteFrom } from '../options/validate.js';
import type { LockEntry } from '../protocol/entry.js';
import { isTombstone, parseVersion } from '../protocol/version.js';

/** What a result may take as JSON text, in UTF-8 bytes: it shares the write that leaves it with all else. */
const LONGEST_RESULT_BYTES = 4096;

/** A result, as the entry's `data` keeps it. */
interface Result {
  /** Its format. */
  readonly singleFlight: 1;
  /** DynamoDB's time, in epoch milliseconds, before which the work had certainly not settled. */
  readonly madeAtMs: number;
  /** JSON; absent where the work resolved to nothing. */
  readonly value?: unknown;
}

/** A result in the hands of this process, and how old it was at most at some time. */
export interface KnownResult {
  /** JSON; undefined where the work resolved to nothing. */
  readonly text: string | undefined;
  readonly ageMs: number;
  /** Elapsed time at which it was that old. */
  readonly atMs: number;
  /** Elapsed time at which this process came to know it. */
  readonly learntMs: number;
}

/** What this process learnt last, for those of its callers who were waiting by then. */
const known = new WeakMap<LocalQueue, KnownResult>();

/**
 * One caller's asking for a result (docs/single-flight.md): another's will do, while it is fresh.
 *
 *     DynamoDB's clock   ──┬──────────────┬──────────────────────────────┬───────────►
 *                     madeAt ≤ the work settled               Date of the answer that shows it
 *                          │◄──────────── age ≤ Date + tolerance - madeAt ───────────►│
 *
 * Both ends are told by DynamoDB's own clock, as its answers say it: the maker's last answer before its work
 * settled, and the answer that shows the result. No clock of a client's is trusted but for its rate. What the
 * `Date` leaves out, its fraction of a second and what two front ends differ by, is the clock tolerance.
 */
export class SharedResult {
  /** The result that will do, once there is one. */
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

  /** Whether a caller of this process, whom this one waited for, has brought what it wants. */
  isServedHere(): boolean {
    const result = known.get(this.ref.queue);
    if (!result || result.learntMs < this.askedMs || !this.isFresh(result)) return false;
    this.served = result;
    return true;
  }

  /** @param sentMs elapsed time at which the request was sent whose answer showed the entry */
  isServedBy({ entry, dateMs }: Observation, sentMs: number): boolean {
    const result = resultIn(entry);
    if (!result || dateMs === undefined) return false;
    const ageMs = dateMs + this.ref.settings.clockToleranceSeconds * 1000 - result.madeAtMs;
    return this.learn({ text: JSON.stringify(result.value), ageMs, atMs: sentMs });
  }

  /** Nobody holds an entry that a result was left in: where it will not do, there is nothing to wait for. */
  mayReplace(entry: LockEntry): boolean {
    return resultIn(entry) !== undefined;
  }

  /** The work settled just now: its result is as good for whoever waits here. */
  made(text: string | undefined): void {
    this.learn({ text, ageMs: 0, atMs: this.manager.elapsedMs() });
  }

  /** Whether it is fresh at this moment. One that claims to be made later than any clock can say is not. */
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

  /** For as long as anybody of this process has or wants the lock: who comes later is not served with it anyway. */
  private keep(result: KnownResult): void {
    const { queue } = this.ref;
    if (!known.has(queue)) queue.onIdle(() => known.delete(queue));
    known.set(queue, result);
  }
}

/** The result that was left in an entry; undefined where somebody holds it, or it holds something else. */
function resultIn(entry: LockEntry | undefined): Result | undefined {
  const version = entry && parseVersion(entry.version);
  if (!version || !isTombstone(version.holdId)) return undefined;
  const note = noteFrom(entry?.data) as Partial<Result> | null | undefined;
  if (note?.singleFlight !== 1 || typeof note.madeAtMs !== 'number') return undefined;
  return note as Result;
}

/**
 * The JSON text of a value, `undefined` included.
 * @throws LockOptionError where it is no JSON value, or too long
 */
export function resultText(label: string, value: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new LockOptionError(`${label}: the result of its single flight is no JSON value: ${cause}`, { cause });
  }
  if (text === undefined) {
    if (value === undefined) return undefined;
    throw new LockOptionError(`${label}: the result of its single flight is no JSON value, but a ${typeof value}`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes <= LONGEST_RESULT_BYTES) return text;
  throw new LockOptionError(
    `${label}: the result of its single flight has ${bytes} bytes as JSON text, at most ${LONGEST_RESULT_BYTES} ` +
      'can be kept for others; keep it elsewhere, and return where it is',
  );
}

/** What a result's text stands for. Everybody gets that, so that nobody finds out by chance what JSON makes of a value. */
export function resultFrom(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** What the entry's `data` says of a result. */
export function resultNote(madeAtMs: number, text: string | undefined): string {
  const value = text === undefined ? '' : `,"value":${text}`;
  return `{"singleFlight":1,"madeAtMs":${Math.floor(madeAtMs)}${value}}`;
}
