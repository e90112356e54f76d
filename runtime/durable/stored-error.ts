import * as errors from '../errors.js';
import { LynkError, type LynkErrorDetails } from '../errors.js';

/**
 * An error as a checkpoint keeps it. The execution's SDK would make an error of its own out of it; those of this library
 * keep their class.
 */
export interface StoredError extends Omit<LynkErrorDetails, 'cause'> {
  readonly name: string;
  readonly message: string;
  readonly cause?: StoredError | undefined;
  readonly reason?: errors.LockLostReason | undefined;
  readonly attribute?: string | undefined;
}

type Revived = new (
  message: string,
  details: LynkErrorDetails & Pick<StoredError, 'reason' | 'attribute'>,
) => LynkError;

/** An error chain is kept to this depth. */
const MOST_CAUSES = 5;

export function stored(error: unknown, depth = 0): StoredError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, cause } = error;
  const { lockName, tableName, reason, attribute } = error as Partial<errors.LockLostError & errors.LockEntryError>;
  const why = cause === undefined || depth === MOST_CAUSES ? undefined : stored(cause, depth + 1);
  return { name, message, lockName, tableName, reason, attribute, cause: why };
}

/** The error again: one of this library, or one with the same name. */
export function revived({ name, message, lockName, tableName, reason, attribute, cause }: StoredError): Error {
  const details = { lockName, tableName, reason, attribute, cause: cause && revived(cause) };
  const kind = (errors as unknown as Record<string, Revived | undefined>)[name];
  if (kind === LynkError || kind?.prototype instanceof LynkError) return new kind(message, details);
  return Object.assign(new Error(message, details.cause && { cause: details.cause }), { name });
}
