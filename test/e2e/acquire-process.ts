import { getLockFactory, LynkError } from '../../runtime/index.js';

/**
 * Acquires a lock, says what came of it, and does nothing more: it neither releases nor exits by itself.
 * Arguments: table, lock, lease and wait in seconds. The client is the default one, of the environment.
 */
const [table, name = '', leaseSeconds, waitSeconds] = process.argv.slice(2);

/** What it prints. */
export type AcquireReport =
  | { readonly event: 'settled'; readonly held: true }
  | { readonly event: 'settled'; readonly held: false; readonly error: ReportedError };

interface ReportedError {
  readonly name: string;
  readonly message: string;
  readonly lockName: string | undefined;
  readonly tableName: string | undefined;
}

function report(what: AcquireReport): void {
  console.log(JSON.stringify(what));
}

try {
  const options = { leaseSeconds: Number(leaseSeconds), waitSeconds: Number(waitSeconds) };
  await getLockFactory(table).createLock(name, options).acquire();
  report({ event: 'settled', held: true });
} catch (error) {
  if (!(error instanceof LynkError)) throw error;
  const { message, lockName, tableName } = error;
  report({ event: 'settled', held: false, error: { name: error.name, message, lockName, tableName } });
}
