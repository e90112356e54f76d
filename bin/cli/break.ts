import { userInfo } from 'node:os';
import type { LockFactory, LockInspection } from '../../runtime/index.js';
import { type CommandLine, type CommandShape, EXIT, quietOption, TABLE_OPTION, UsageError } from './command-line.js';
import { expires, inFull, stateOf } from './description.js';
import { locksOf, settleConnection } from './locks.js';
import { remark, type Terminal } from './terminal.js';

export const BREAK: CommandShape = {
  name: 'break',
  summary: 'break off the hold that somebody has on a lock',
  synopsis: 'NAME --reason TEXT [options]',
  about: `Replaces the lock's entry with one that nobody holds. The holder learns of it at its next write, with the
reason. Others get the lock only after the lease, so no two hold it. If the entry has changed since it was
shown, it is left as it is.

--force deletes the entry, so that the next contender gets the lock at once. If the holder still lives, two
hold the lock until its next write, up to half a lease later.`,
  operands: ['NAME'],
  options: {
    ...TABLE_OPTION,
    reason: {
      type: 'string',
      short: 'r',
      value: 'TEXT',
      help: 'why; the holder sees it, and so does whoever reads the table',
    },
    force: { type: 'boolean', help: 'delete the entry; two may hold the lock, see above' },
    yes: { type: 'boolean', short: 'y', help: 'do not ask' },
    ...quietOption(),
  },
  examples: [
    ['cdk-lynk break nightly --table my-locks --reason "hangs since noon"', 'show it, confirm, and break it'],
    [
      'cdk-lynk break nightly --reason "its host is gone" --force --yes',
      'free it at once: its holder is certainly dead',
    ],
  ],
};

export async function breakLock(line: CommandLine, terminal: Terminal): Promise<number> {
  const [name = ''] = line.operands;
  const reason = line.text('reason');
  if (reason === undefined) throw new UsageError('--reason is missing: the holder is told why');
  if (!line.flag('yes') && !terminal.isInteractive) {
    throw new UsageError('no terminal to ask for confirmation: pass --yes to break without it');
  }
  settleConnection(line);
  const locks = await locksOf(line, terminal);
  const seen = await locks.inspect(name);
  if (!seen) {
    remark(terminal, `${name} has no entry: nobody holds it`);
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
  if (!terminal.isQuiet) terminal.print(left ? `broken; free ${expires(left)} at the latest\n` : 'deleted; free now\n');
  return EXIT.ok;
}

const WARNING = 'The holder may still live. Until its next write, two may hold this lock.';

/**
 * The version to break. A living holder refreshes while a person decides. The person means the hold, not the version
 * shown, so a later version of the same hold is broken too, unless the holder looked dead when it was shown.
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
