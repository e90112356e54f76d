import type { LynkError } from '../../runtime/errors.js';
import { createTestLocks, type VirtualTestLocks } from '../../runtime/testing/index.js';

/** Something that a user does, or that happens to them, and that ends in an error. */
export interface Provocation {
  /** In the words of somebody who looks for the message: completes "when …". */
  readonly when: string;
  readonly provoke: (locks: VirtualTestLocks) => unknown;
}

/** The settings of the test locks that errors are provoked on: fixed, so that the page is the same every time. */
const SETTINGS = {
  time: 'virtual',
  tableName: 'my-locks',
  hostIdentifier: 'billing/2026-11-24/0e7d',
} as const;
const SILENT = { logger: { warn: (): void => {}, debug: (): void => {} } };

/** The error that it ends in. One that ends in none is a mistake of this page. */
export async function provoked({ when, provoke }: Provocation): Promise<LynkError> {
  const locks = createTestLocks({ ...SETTINGS, ...SILENT });
  const outcome = await locks.time
    .until(Promise.resolve().then(() => provoke(locks)))
    .then(() => undefined)
    .catch((error: unknown) => error);
  if (!(outcome instanceof Error)) throw new Error(`nothing was thrown when ${when}`);
  return outcome as LynkError;
}

/** The reason that a signal aborts with, as an error that is thrown. */
export function reasonOf(signal: AbortSignal): never {
  throw signal.reason;
}

/** Passes what is no value of the type that is asked for: what somebody without a compiler may write. */
export function wrong<T>(value: unknown): T {
  return value as T;
}
