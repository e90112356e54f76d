import { CannotDeserializeError, LockLostError, LockUnavailableError, LynkError } from '../errors.js';
import { takenBy } from '../protocol/breaking.js';
import { Ledger } from '../protocol/ledger.js';
import { retryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import type { Contender } from './contention.js';
import { abandon, mayHaveLanded, ownVersionIn, topUp } from './grant.js';
import type { Patience } from './patience.js';
import type { LockStore } from './store.js';
import type { LockTarget } from './target.js';

/** Spelled as in the Python package, which reads and writes the same text. */
const LOCK_FORMAT = 'Lock.1';
const TECHNIQUE_FORMAT = 'VersionLeaseTechinque.1';

/** What a hand-over text says: which lock, at exactly which version. It names neither table nor lease. */
export interface HandOver {
  readonly lockName: string;
  readonly version: string;
}

/** The text from which Python's `deserialize_lock` and our `deserializeLock` go on holding. */
export function handOverText(lockName: string, version: string): string {
  const technique = JSON.stringify({ __version: TECHNIQUE_FORMAT, versions: { [lockName]: version } });
  return JSON.stringify({ __version: LOCK_FORMAT, name: lockName, technique });
}

/** @throws CannotDeserializeError that says what is wrong with the text; it never quotes the version */
export function parseHandOver(text: unknown): HandOver {
  if (typeof text !== 'string') {
    throw new CannotDeserializeError(`a hand-over text is a string, got ${text === null ? 'null' : typeof text}`);
  }
  const lock = parseObject(text, 'the hand-over text');
  if (lock['__version'] !== LOCK_FORMAT) {
    throw new CannotDeserializeError(
      `the hand-over text's "__version" is ${JSON.stringify(lock['__version'])}, expected "${LOCK_FORMAT}"`,
    );
  }
  const lockName = lock['name'];
  if (typeof lockName !== 'string' || lockName === '') {
    throw new CannotDeserializeError('the hand-over text has no lock\'s "name"');
  }
  if (typeof lock['technique'] !== 'string') {
    throw new CannotDeserializeError('the hand-over text has no "technique"', { lockName });
  }
  const technique = parseObject(lock['technique'], 'the hand-over text\'s "technique"', lockName);
  if (technique['__version'] !== TECHNIQUE_FORMAT) {
    throw new CannotDeserializeError(
      `the hand-over text's technique has the "__version" ${JSON.stringify(technique['__version'])}, expected "${TECHNIQUE_FORMAT}"`,
      { lockName },
    );
  }
  const versions = technique['versions'];
  const version = isObject(versions) && Object.hasOwn(versions, lockName) ? versions[lockName] : undefined;
  if (typeof version !== 'string' || version === '') {
    throw new CannotDeserializeError(
      'the hand-over text names no version of its lock: it was not held when serialized',
      {
        lockName,
      },
    );
  }
  return { lockName, version };
}

/**
 * Goes on holding what was handed over: writes a new hold id where exactly the given version stands.
 * @throws LockLostError where it stands no more: the text was used before, or its lease ran out
 */
export async function adopt(
  target: LockTarget<LockStore>,
  { version: givenVersion }: HandOver,
  contender: Contender,
  patience: Patience,
): Promise<Ledger> {
  const { process, store } = target;
  const { leaseSeconds, requestId } = contender;
  const ledger = new Ledger(process.drawHoldId(requestId), leaseSeconds, contender.fencing);
  const budgetMs = (): number => Math.min(patience.leftMs(), tryBudgetMs(leaseSeconds));
  let isInDoubt = false;
  for (let failures = 0; !patience.isOver; failures += 1) {
    const version = target.draw(ledger);
    const entry = target.newEntry(ledger, version, contender);
    try {
      const answer = await target.exchange(budgetMs(), (signal) => store.adopt(entry, givenVersion, signal));
      const standing = answer.written ? version : ownVersionIn(answer.entry, ledger.holdId);
      if (standing === undefined) {
        const now = answer.entry ? takenBy(answer.entry) : 'its entry is gone';
        throw new LockLostError(
          `${target.label} cannot be taken from this hand-over text (used already, or too late): ${now}`,
          { ...target.errorDetails(), reason: 'stale-hand-over' },
        );
      }
      ledger.confirm(standing, answer.dateMs);
      ledger.fencingToken = answer.fencingToken ?? answer.entry?.fencingToken;
      if (answer.replaced) contender.chronicle.wasGivenBy(answer.replaced);
      const outcome = await topUp(target, ledger, budgetMs);
      if (outcome.granted) return ledger;
      throw new LockUnavailableError(
        `${target.label} was not taken over: DynamoDB answered too late to leave half of a lease of ${leaseSeconds} s`,
        target.errorDetails(outcome.cause),
      );
    } catch (error) {
      isInDoubt ||= mayHaveLanded(error);
      if (error instanceof LynkError) {
        // An attempt without an answer may have landed, or land yet.
        if (isInDoubt) await abandon(target, ledger);
        throw error;
      }
      patience.lastFailure = error;
    }
    await patience.sleep(retryDelayMs(failures, process.random.fraction()));
  }
  await abandon(target, ledger);
  throw new LockUnavailableError(
    `${target.label} was not taken over: no answer from DynamoDB in time`,
    target.errorDetails(patience.lastFailure),
  );
}

function parseObject(text: string, what: string, lockName?: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CannotDeserializeError(`${what} is not JSON`, { lockName, cause });
  }
  if (!isObject(value)) throw new CannotDeserializeError(`${what} is not a JSON object`, { lockName });
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
