import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { HeldLock, LockLostError } from '../../runtime/index.js';
import { EXIT } from './exit.js';
import { Guardian } from './guardian.js';
import { ENDING_SIGNALS, signalNumber } from './signals.js';

/** What a terminal sends to all of its foreground group itself. */
const SENT_BY_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];
const FORWARDED: readonly NodeJS.Signals[] = [...ENDING_SIGNALS, 'SIGUSR1', 'SIGUSR2'];

/** Of a lock that another may have already: how long the command may take to end. */
const LATE_GRACE_MS = 200;

/** What to run under the lock. */
export interface Task {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** How long it may take to end, once it is told to. */
  readonly graceSeconds: number;
  /** Told when it is ended for the lock's sake; `isLost`: the lock is lost, and the logger has said why. */
  readonly onEnding: (isLost: boolean) => void;
}

/**
 * Runs a command while the lock is held, and passes signals on to it. It is told to end, by TERM and then
 * KILL, so early that it has ended when the lease does:
 *
 *     last refresh confirmed            TERM            KILL = deadline   lease end
 *       │◄───────── no further one ──────►│◄── grace ─────►│◄── margin ──►│
 *     ──┴─────────────────────────────────┴────────────────┴──────────────┴──►
 *
 * @returns its exit code; 128 + n where signal n ended it; `EXIT.lost` where it was ended for the lock's sake
 */
export async function supervise(held: HeldLock, task: Task): Promise<number> {
  // On a terminal it stays in the foreground group, so that it can read from it. Elsewhere it gets a group of
  // its own, so that what a shell script has started ends with it.
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const send = (signal: NodeJS.Signals): void => signalTo(child, signal, !isOnTerminal);
  const onSignal = (signal: NodeJS.Signals): void => {
    if (!isOnTerminal || !SENT_BY_TERMINAL.includes(signal)) send(signal);
  };
  // Before it starts: what it may answer, it may be sent.
  for (const signal of FORWARDED) process.on(signal, onSignal);
  const child = spawn(task.command, task.args, { stdio: 'inherit', env: task.env, detached: !isOnTerminal });
  const outcome = outcomeOf(child);
  const { pid } = child;
  const guardian = pid === undefined ? undefined : new Guardian(isOnTerminal ? pid : -pid, task.graceSeconds);
  const watch = new LeaseWatch(held, task, send);
  try {
    const code = await outcome;
    return watch.hasEnded || !held.isHeld ? EXIT.lost : code;
  } finally {
    guardian?.dismiss();
    watch.stop();
    for (const signal of FORWARDED) process.off(signal, onSignal);
  }
}

/** Ends the command before the lease does. */
class LeaseWatch {
  hasEnded = false;
  private timer: NodeJS.Timeout | undefined;
  private killTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly held: HeldLock,
    private readonly task: Task,
    private readonly send: (signal: NodeJS.Signals) => void,
  ) {
    held.signal.addEventListener('abort', this.look, { once: true });
    this.look();
  }

  readonly look = (): void => {
    clearTimeout(this.timer);
    if (this.hasEnded) return;
    const { graceSeconds } = this.task;
    const spareMs = (this.held.remainingSeconds - graceSeconds) * 1000;
    if (this.held.isHeld && spareMs > 0) {
      // Not rounded down to an earlier moment: a timer that fires early would look again at once.
      this.timer = setTimeout(this.look, Math.min(Math.ceil(spareMs), 1000));
    } else {
      this.end();
    }
  };

  stop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.killTimer);
    this.held.signal.removeEventListener('abort', this.look);
  }

  private end(): void {
    this.hasEnded = true;
    const { held, task } = this;
    const loss: LockLostError | undefined = held.isHeld ? undefined : held.signal.reason;
    let graceMs = held.remainingSeconds * 1000;
    if (loss) graceMs = loss.reason === 'broken' ? task.graceSeconds * 1000 : LATE_GRACE_MS;
    task.onEnding(loss !== undefined);
    this.send('SIGTERM');
    this.killTimer = setTimeout(() => this.send('SIGKILL'), graceMs);
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

function signalTo(child: ChildProcess, signal: NodeJS.Signals, isGroup: boolean): void {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    if (isGroup) process.kill(-pid, signal);
    else child.kill(signal);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
