import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLock } from '../../runtime/index.js';
import { EXIT } from './exit.js';
import { Guardian } from './guardian.js';
import { LeaseWatch } from './lease-watch.js';
import { OwnGroup, SharedGroup } from './process-group.js';
import type { RunningProcess } from './processes.js';
import { ENDING_SIGNALS, signalNumber } from './signals.js';

/** What a terminal sends to all of its foreground group itself. */
const SENT_BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const FORWARDED: readonly NodeJS.Signals[] = [...ENDING_SIGNALS, 'SIGUSR1', 'SIGUSR2'];

/** From one look at what the command has left running to the next. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;
/** A look takes at most one part in so many of the time. */
const LOOK_SHARE = 20;
/** What ends by itself in this time is not worth a line. */
const QUIET_MS = 200;

/** What to run under the lock. */
export interface Task {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** How long it may take to end, once it is told to. */
  readonly graceSeconds: number;
  /** Whether the lock is not kept for what the command leaves running when it ends by itself. */
  readonly closes: boolean;
  /** Told when it is ended for the lock's sake; `isLost`: the lock is lost, and the logger has said why. */
  readonly onEnding: (isLost: boolean) => void;
  /** Told once where the command has ended, and the lock is kept for what it has left running. */
  readonly onLeft: (left: readonly RunningProcess[]) => void;
  /** Told of those that run on after KILL: this user may not end them. */
  readonly onSurvivors: (left: readonly RunningProcess[]) => void;
}

/**
 * Runs a command while the lock is held, and passes signals on to it and what it has started. Returns when all
 * of that has ended, and not just the command: a shell dies of a signal at once, while its program finishes.
 *
 * @returns its exit code; 128 + n where signal n ended it; `EXIT.lost` where it was ended for the lock's sake
 */
export async function supervise(held: HeldLock, task: Task): Promise<number> {
  // On a terminal it stays in the foreground group, so that it can read from it. Elsewhere it gets a group of
  // its own, which the system can tell to be empty.
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  let wasAskedToEnd = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    wasAskedToEnd ||= (ENDING_SIGNALS as readonly NodeJS.Signals[]).includes(signal);
    if (signal === 'SIGTERM') guardian.hurry();
    if (!isOnTerminal || !SENT_BY_TERMINAL.includes(signal)) group?.send(signal);
  };
  // Before it starts: what it may answer, it may be sent.
  for (const signal of FORWARDED) process.on(signal, onSignal);
  const guardian = new Guardian(task.graceSeconds, isOnTerminal);
  const groupOf = isOnTerminal ? SharedGroup.ofThisProcess() : OwnGroup.of;
  const child = spawn(task.command, task.args, { stdio: 'inherit', env: task.env, detached: !isOnTerminal });
  const outcome = outcomeOf(child);
  const { pid } = child;
  if (pid !== undefined) guardian.guard(pid);
  const group = pid === undefined ? undefined : groupOf(pid);
  if (group instanceof SharedGroup) guardian.distinguish(group.marks);
  const watch = group && new LeaseWatch(held, group, task, () => guardian.hurry());
  try {
    const code = await outcome;
    const endedMs = performance.now();
    let isTold = false;
    for (let pauseMs = FIRST_PAUSE_MS; group; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const lookedMs = performance.now();
      if (group.isEmpty()) break;
      const tookMs = performance.now() - lookedMs;
      if (task.closes && !wasAskedToEnd && !watch?.hasEnded) break;
      if (!isTold && !watch?.hasEnded && performance.now() - endedMs > QUIET_MS) {
        isTold = true;
        task.onLeft(group.members());
      }
      // To list very many processes takes a while: it is to take little of the machine.
      await sleep(Math.max(pauseMs, LOOK_SHARE * tookMs));
    }
    return watch?.hasEnded || !held.isHeld ? EXIT.lost : code;
  } finally {
    guardian.dismiss();
    watch?.stop();
    for (const signal of FORWARDED) process.off(signal, onSignal);
  }
}

/** Its exit code, as a shell would give it. */
async function outcomeOf(child: ChildProcess): Promise<number> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? EXIT.signal + (signal ? signalNumber(signal) : 0);
  } catch (error) {
    // It could not be started.
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
