/** What the command line tool exits with, where it is not the command's own code. docs/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** `show`: nobody holds it. `break`: it was left as it is. */
  no: 1,
  /** As in sysexits.h: the command line cannot be used. */
  usage: 64,
  /** What stands in the table under that name is no lock's entry. */
  data: 65,
  /** The table cannot be used, nor could it by another attempt. */
  unusable: 69,
  /** A bug of this tool. */
  internal: 70,
  /** DynamoDB could not be asked, or did not answer in time: who holds the lock is not known. It may pass. */
  unavailable: 74,
  /** The lock is held by another; a later run may get it. */
  notGranted: 75,
  /** The lock was lost before the command had ended, which was ended for it. */
  lost: 76,
  /** As in shells. */
  notExecutable: 126,
  notFound: 127,
  /** As in shells: plus the number of the signal. */
  signal: 128,
} as const;

/** A command line that cannot be used; the message says why, and names what is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
