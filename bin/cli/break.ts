import { userInfo } from 'node:os';
import type { LockFactory, LockInspection } from '../../runtime/index.js';
import { CommandLine, type CommandShape, EXIT, TABLE_OPTION, UsageError } from './command-line.js';
import { expires, inFull, stateOf } from './description.js';
import { locksOf, settleConnection } from './locks.js';
import { say, type Terminal } from './terminal.js';

export const BREAK: CommandShape = {
  name: 'break',
  summary: 'break off the hold that somebody has on a lock',
  synopsis: 'NAME --reason TEXT [options]',
  about: `Puts a version that nobody holds in place of the lock's entry. Its holder is told at its next write, with
the reason; its lease runs out first, so no two hold the lock. What has changed since it was shown is left
as it is.

--force deletes the entry, so that the next contender has the lock at once. If its holder lives after all,
two hold the lock until its next write, up to half a lease later.`,
  operands: ['NAME'],
  options: {
    ...TABLE_OPTION,
    reason: { type: 'string', short: 'r', value: 'TEXT', help: 'why, for its holder and for the table' },
    force: { type: 'boolean', help: 'delete the entry; two may hold the lock, see above' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
  },
  examples: [
    ['cdk-lynk break nightly --table my-locks --reason "hangs since noon"', 'look, confirm, and break'],
    [
      'cdk-lynk break nightly --reason "its host is gone" --force --yes',
      'free it at once: its holder is certainly dead',
    ],
  ],
};

export async function breakLock(args: readonly string[], terminal: Terminal): Promise<number> {
  const line = CommandLine.parse(args, BREAK);
  const [name = ''] = line.operands;
  const reason = line.text('reason');
  if (reason === undefined) throw new UsageError('--reason is missing: its holder is told why');
  if (!line.flag('yes') && !terminal.isInteractive) {
    throw new UsageError('this is no terminal to ask on: pass --yes to break without being asked');
  }
  settleConnection(line);
  const locks = await locksOf(line, terminal);
  const seen = await locks.inspect(name);
  if (!seen) {
    say(terminal, `${name} has no entry: nobody holds it`);
    return EXIT.no;
  }
  const isForced = line.flag('force');
  if (!line.flag('yes')) {
    terminal.print(`${inFull(seen, terminal)}\n`);
    if (isForced && stateOf(seen) !== 'dead') terminal.print(`${terminal.colour('red', WARNING)}\n`);
    if (!(await terminal.confirm(isForced ? 'Delete its entry?' : 'Break it?'))) {
      terminal.print('left as it is\n');
      return EXIT.no;
    }
  }
  const version = await versionToBreak(locks, seen);
  const left = await locks.break(name, { reason: `${reason} (${user()})`, version, force: isForced });
  terminal.print(left ? `broken; free ${expires(left)} at the latest\n` : 'deleted; free now\n');
  return EXIT.ok;
}

const WARNING = 'Its holder may live. Until its next write, two may then hold this lock.';

/**
 * While a person reads and decides, a living holder refreshes. Who confirmed to break it means its hold, not
 * the version shown. A holder that looked dead and then gives a sign of life is another matter.
 */
async function versionToBreak(locks: LockFactory, seen: LockInspection): Promise<string> {
  if (seen.looksDead) return seen.version;
  const now = await locks.inspect(seen.name);
  const isSameHold =
    now && (seen.holdId ?? seen.hostIdentifier) === (now.writer === 'cdk-lynk' ? now.holdId : now.hostIdentifier);
  return isSameHold ? now.version : seen.version;
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown user';
  }
}
