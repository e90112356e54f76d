import { CannotDeserializeError } from '../errors.js';

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
