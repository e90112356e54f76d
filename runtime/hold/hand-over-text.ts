import { CannotDeserializeError } from '../errors.js';
import { checkedName, isWellFormed, shown } from '../options/validate.js';

/** Spelled as in the Python package, which reads and writes the same text. */
const LOCK_FORMAT = 'Lock.1';
const TECHNIQUE_FORMAT = 'VersionLeaseTechinque.1';
/** Versions are UUIDs, of 36 characters. */
const LONGEST_VERSION_LENGTH = 256;

/** What a hand-over token says: the lock and its exact version. It names neither the table nor the lease. */
export interface HandOver {
  readonly lockName: string;
  readonly version: string;
}

/** The text with which Python's `deserialize_lock` or our `deserializeLock` takes over the lock. */
export function handOverText(lockName: string, version: string): string {
  const technique = JSON.stringify({ __version: TECHNIQUE_FORMAT, versions: { [lockName]: version } });
  return JSON.stringify({ __version: LOCK_FORMAT, name: lockName, technique });
}

/**
 * @throws CannotDeserializeError, and nothing else. It says what is wrong with the text, and never quotes the version.
 */
export function parseHandOver(text: unknown): HandOver {
  if (typeof text !== 'string') {
    throw new CannotDeserializeError(`a hand-over token is a string, got ${text === null ? 'null' : typeof text}`);
  }
  const lock = parseObject(text, 'the hand-over token');
  if (lock['__version'] !== LOCK_FORMAT) {
    throw new CannotDeserializeError(
      `the hand-over token's "__version" is ${shown(lock['__version'])}, expected "${LOCK_FORMAT}"`,
    );
  }
  const lockName = nameIn(lock['name']);
  if (typeof lock['technique'] !== 'string') {
    throw new CannotDeserializeError('the hand-over token has no "technique"', { lockName });
  }
  const technique = parseObject(lock['technique'], 'the hand-over token\'s "technique"', lockName);
  if (technique['__version'] !== TECHNIQUE_FORMAT) {
    throw new CannotDeserializeError(
      `the hand-over token's technique has the "__version" ${shown(technique['__version'])}, expected "${TECHNIQUE_FORMAT}"`,
      { lockName },
    );
  }
  const versions = technique['versions'];
  const version = isObject(versions) && Object.hasOwn(versions, lockName) ? versions[lockName] : undefined;
  if (typeof version !== 'string' || version === '') {
    throw new CannotDeserializeError(
      'the hand-over token names no version of its lock: it was not held when serialized',
      { lockName },
    );
  }
  if (version.length > LONGEST_VERSION_LENGTH || !isWellFormed(version)) {
    throw new CannotDeserializeError('the hand-over token has a version of its lock that no client writes', {
      lockName,
    });
  }
  return { lockName, version };
}

function nameIn(name: unknown): string {
  try {
    return checkedName(name);
  } catch (cause) {
    throw new CannotDeserializeError(`the hand-over token has no lock's "name": ${(cause as Error).message}`, {
      cause,
    });
  }
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
