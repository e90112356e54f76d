import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLock } from '../../runtime/index.js';
import { EXIT } from './command-line.js';
import { Guardian } from './guardian.js';
import { type LeaseTask, LeaseWatch } from './lease-watch.js';
import { OwnGroup, SharedGroup } from './process-group.js';
import type { RunningProcess } from './processes.js';
import { ENDING_SIGNALS, signalNumber } from './signals.js';

/** What a terminal sends to all of its foreground group itself. */
const SENT_BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const FORWARDED: readonly NodeJS.Signals[] = [...ENDING_SIGNALS, 'SIGUSR1', 'SIGUSR2'];

/** Milliseconds between two checks of what the command has left running. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** A pause is at least this many times as long as the check before it. */
const PAUSE_PER_CHECK = 20;
/** Processes that end by themselves within this time are not reported. */
const QUIET_MS = 200;

/** What to run under the lock. */
export interface Task extends LeaseTask {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Whether to release the lock as soon as the command ends by itself, even if processes that it started still run. */
  readonly closes: boolean;
  /** Called once, if the command has ended and the lock is kept for the processes that it has left running. */
  readonly onLeft: (left: readonly RunningProcess[]) => void;
}

/**
 * Runs a command while the lock is held, and passes signals on to it and to what it has started. Returns when all
 * of these processes have ended: a shell dies of a signal at once, while its program is still finishing.
 *
 * @returns the command's exit code; 128 + n if signal n ended it; `EXIT.lost` if it was ended to protect the lock
 */
export async function supervise(held: HeldLock, task: Task): Promise<number> {
  // On a terminal, the command stays in the foreground group, so that it can read from the terminal. Elsewhere it
  // gets a group of its own: the system can then say whether the group is empty.
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  let wasAskedToEnd = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    wasAskedToEnd ||= (ENDING_SIGNALS as readonly NodeJS.Signals[]).includes(signal);
    if (signal === 'SIGTERM') guardian.hurry();
    if (!isOnTerminal || !SENT_BY_TERMINAL.includes(signal)) group?.send(signal);
  };
  // Before the command starts: a signal may come at any moment.
  for (const signal of FORWARDED) process.on(signal, onSignal);
  const guardian = new Guardian(task.graceSeconds, isOnTerminal);
  const groupOf = isOnTerminal ? SharedGroup.ofThisProcess() : OwnGroup.of;
  const child = spawn(task.command, task.args, { stdio: 'inherit', env: task.env, detached: !isOnTerminal });
  const outcome = outcomeOf(child);
  const { pid } = child;
  if (pid !== undefined) guardian.guard(pid);
  const group = pid === undefined ? undefined : groupOf(pid);
  if (group instanceof SharedGroup) guardian.distinguish(group.marks);
  const onEnding = (isLost: boolean): void => {
    task.onEnding(isLost);
    guardian.hurry();
  };
  const watch = group && new LeaseWatch(held, group, { ...task, onEnding });
  try {
    const code = await outcome;
    const endedMs = performance.now();
    let isReported = false;
    for (let pauseMs = FIRST_PAUSE_MS; group; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const checkedMs = performance.now();
      if (group.isEmpty()) break;
      const tookMs = performance.now() - checkedMs;
      if (task.closes && !wasAskedToEnd && !watch?.hasEnded) break;
      if (!isReported && !watch?.hasEnded && performance.now() - endedMs > QUIET_MS) {
        isReported = true;
        task.onLeft(group.members());
      }
      // Listing very many processes takes long: the pauses keep the load low.
      await sleep(Math.max(pauseMs, PAUSE_PER_CHECK * tookMs));
    }
    return watch?.hasEnded || !held.isHeld ? EXIT.lost : code;
  } finally {
    guardian.dismiss();
    watch?.stop();
    for (const signal of FORWARDED) process.off(signal, onSignal);
  }
}

/** The exit code that a shell would give. */
async function outcomeOf(child: ChildProcess): Promise<number> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? EXIT.signal + (signal ? signalNumber(signal) : 0);
  } catch (error) {
    throw new CommandError((error as NodeJS.ErrnoException).code ?? '', error);
  }
}

/** A command that could not be started. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(code: string, cause: unknown) {
    super(code === 'ENOENT' ? 'no such command' : `it cannot be run (${code})`, { cause });
    this.exitCode = code === 'ENOENT' ? EXIT.notFound : EXIT.notExecutable;
  }
}
