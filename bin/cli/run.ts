import type { HeldLock, LynkError } from '../../runtime/index.js';
import { LEASE_SECONDS_VARIABLE, TABLE_NAME_VARIABLE, WAIT_SECONDS_VARIABLE } from '../../runtime/protocol/wire.js';
import { type CommandLine, type CommandShape, EXIT, quietOption, TABLE_OPTION, UsageError } from './command-line.js';
import { locksOf, settleConnection, tableNameOf } from './locks.js';
import type { RunningProcess } from './processes.js';
import { Interruption, onceInterrupted, signalNumber } from './signals.js';
import { CommandError, supervise } from './supervision.js';
import { messageOf, remark, say, type Terminal } from './terminal.js';

const DAY_SECONDS = 24 * 60 * 60;
const DEFAULT_WAIT_SECONDS = 30;
const DEFAULT_LEASE_SECONDS = 20;
/** The client's limit for a semaphore. */
const MOST_PERMITS = 100;
/** The grace is at most this part of a lease. The heartbeat comes after half a lease; a quarter is left for retries. */
const GRACE_OF_LEASE = 4;
const LONGEST_DEFAULT_GRACE_SECONDS = 5;
/** The lock that the command runs under; of a semaphore, the permit. */
const LOCK_NAME_VARIABLE = 'LYNK_LOCK_NAME';
/** The most processes that a message lists. */
const MOST_LISTED = 5;

export const RUN: CommandShape = {
  name: 'run',
  summary: 'run a command while holding a lock',
  synopsis: 'NAME [options] -- COMMAND [ARGUMENT…]',
  about: `Waits for the lock NAME, runs COMMAND while holding it, and exits with its code: flock across machines.

Signals are passed on to COMMAND and to all that it has started. The lock is kept until all these processes
have ended, except those that have left the process group, by setsid for example. If the lock is about to be
lost, they are ended by TERM, then KILL, before anybody else can get the lock. Exits with 75 if another holds
the lock (-E chooses another code), 74 if DynamoDB does not answer, 76 if the lock was lost, 69 if the table
cannot be used, and 64 for a wrong command line.

COMMAND finds the lock's name in ${LOCK_NAME_VARIABLE}, and its table's in ${TABLE_NAME_VARIABLE}.`,
  operands: ['NAME'],
  runsCommand: true,
  options: {
    ...TABLE_OPTION,
    wait: {
      type: 'string',
      short: 'w',
      value: 'SECONDS',
      help: `how long to wait for the lock, else ${WAIT_SECONDS_VARIABLE} (${DEFAULT_WAIT_SECONDS}); 0 tries once`,
    },
    nonblock: { type: 'boolean', short: 'n', help: 'do not wait: try once, as with --wait 0' },
    'conflict-exit-code': {
      type: 'string',
      short: 'E',
      value: 'CODE',
      help: `the exit code if another holds the lock (${EXIT.notGranted})`,
    },
    lease: {
      type: 'string',
      short: 'l',
      value: 'SECONDS',
      help: `how long others wait if this machine dies, else ${LEASE_SECONDS_VARIABLE} (${DEFAULT_LEASE_SECONDS})`,
    },
    grace: {
      type: 'string',
      short: 'g',
      value: 'SECONDS',
      help: `from TERM to KILL (a quarter of the lease, at most ${LONGEST_DEFAULT_GRACE_SECONDS})`,
    },
    permits: { type: 'string', value: 'NUMBER', help: 'make it a semaphore: that many may run at once' },
    close: { type: 'boolean', help: 'release when COMMAND ends; do not wait for what it left running' },
    verbose: { type: 'boolean', short: 'v', help: 'say who holds the lock, and when it is acquired' },
    ...quietOption('say nothing but warnings and errors, not even that another holds the lock'),
  },
  examples: [
    ['cdk-lynk run nightly --table my-locks -- ./backup.sh', 'one backup at a time, wherever cron starts it'],
    ['cdk-lynk run deploy/prod --wait 600 -- npx cdk deploy', 'in CI: wait up to 10 minutes for another deployment'],
    ['cdk-lynk run crawl --permits 3 -- ./crawl.sh', 'at most three at once'],
    ['cdk-lynk run report -n -q -E 0 -- make report', 'skip it, and succeed in silence, if another does it already'],
  ],
};

export async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const seconds = { most: DAY_SECONDS, unit: 'seconds' };
  const wait = { ...seconds, least: 0, variable: WAIT_SECONDS_VARIABLE };
  refuseBoth(line, 'nonblock', 'wait');
  refuseBoth(line, 'quiet', 'verbose');
  const waitSeconds = line.flag('nonblock') ? 0 : line.number('wait', DEFAULT_WAIT_SECONDS, wait);
  const codes = { least: 0, most: 255, isWhole: true };
  const conflictExitCode = line.number('conflict-exit-code', EXIT.notGranted, codes);
  const lease = { ...seconds, least: 1, isWhole: true, variable: LEASE_SECONDS_VARIABLE };
  const leaseSeconds = line.number('lease', DEFAULT_LEASE_SECONDS, lease);
  // 0 means a lock. A semaphore of one is not the same: its permit has another name.
  const permits = line.number('permits', 0, { least: 1, most: MOST_PERMITS, isWhole: true, unit: 'permits' });
  const longestGrace = leaseSeconds / GRACE_OF_LEASE;
  const graceSeconds = line.number('grace', Math.min(longestGrace, LONGEST_DEFAULT_GRACE_SECONDS), {
    ...seconds,
    least: 0,
  });
  if (graceSeconds > longestGrace) {
    throw new UsageError(`--grace is at most a quarter of the lease, ${longestGrace} s, got "${graceSeconds}"`);
  }
  const env = { ...process.env };
  settleConnection(line);
  const locks = await locksOf(line, terminal);
  const [name = ''] = line.operands;
  const [command = '', ...rest] = line.command;

  const interrupted = onceInterrupted();
  let held: HeldLock;
  try {
    const options = { leaseSeconds, waitSeconds };
    const lock = permits === 0 ? locks.createLock(name, options) : locks.createSemaphore(name, { ...options, permits });
    held = await lock.acquire({ signal: interrupted.signal });
  } catch (error) {
    interrupted.stop();
    if (error instanceof Interruption) return codeOf(error);
    if ((error as LynkError).name !== 'LockNotGrantedError') throw error;
    remark(terminal, messageOf(error));
    return conflictExitCode;
  }
  // Its handlers stay until the command's own are installed, so that no signal ends this process.
  interrupted.disarm();
  try {
    if (interrupted.signal.aborted) return codeOf(interrupted.signal.reason);
    return await supervise(held, {
      command,
      args: rest,
      env: { ...env, [LOCK_NAME_VARIABLE]: held.name, [TABLE_NAME_VARIABLE]: tableNameOf(line) },
      graceSeconds,
      closes: line.flag('close'),
      onEnding: (isLost) => {
        const why = isLost ? '' : `lock ${JSON.stringify(name)} could not be refreshed for most of its lease; `;
        say(terminal, `${why}ending ${command}`);
      },
      onLeft: (left) =>
        remark(
          terminal,
          `${command} has ended; lock ${JSON.stringify(name)} is kept until what it started has, too: ${listOf(left)}`,
        ),
      onSurvivors: (left) => say(terminal, `could not be ended, and run on without the lock: ${listOf(left)}`),
    });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    say(terminal, `${command}: ${error.message}`);
    return error.exitCode;
  } finally {
    await held[Symbol.asyncDispose]();
    interrupted.stop();
  }
}

/** The processes with their numbers, for `kill`. */
function listOf(processes: readonly RunningProcess[]): string {
  const shown = processes.slice(0, MOST_LISTED).map(({ name, pid }) => `${name} (${pid})`);
  const more = processes.length - shown.length;
  return `${shown.join(', ') || 'processes that this system does not list'}${more > 0 ? ` and ${more} more` : ''}`;
}

function refuseBoth(line: CommandLine, one: string, other: string): void {
  if (line.has(one) && line.has(other)) throw new UsageError(`--${one} and --${other} exclude each other`);
}

function codeOf({ sent }: Interruption): number {
  return EXIT.signal + signalNumber(sent);
}
