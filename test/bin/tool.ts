import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { main } from '../../bin/cli/main.js';
import type { Terminal } from '../../bin/cli/terminal.js';
import { bundled as bundledProgram } from '../bundled.js';

/** The outcome of a command line. */
export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly complaints: string;
}

/** How a command line is run in this process. */
interface Seat {
  /** The width of the terminal; undefined if there is none. */
  readonly width?: number;
  /** The answer to each question in turn, and what happens before it. */
  readonly answers?: readonly (boolean | (() => Promise<boolean>))[];
  /** Called with all output as it comes. */
  readonly onOutput?: (text: string) => void;
}

/** Runs one command line in this process, on a terminal if `width` is given. Colours are written as `<red>`. */
export async function typed(args: readonly string[], { width, answers = [], onOutput }: Seat = {}): Promise<Outcome> {
  const outcome = { output: '', complaints: '' };
  const left = [...answers];
  const terminal: Terminal = {
    isInteractive: width !== undefined,
    width,
    print: (text) => {
      outcome.output += text;
      onOutput?.(text);
    },
    complain: (text) => {
      outcome.complaints += text;
    },
    colour: (colour, text) => (width === undefined ? text : `<${colour}>${text}</${colour}>`),
    confirm: async (question) => {
      outcome.output += `${question}\n`;
      const answer = left.shift();
      if (answer === undefined) throw new Error(`nobody expected to be asked: ${question}`);
      return typeof answer === 'boolean' ? answer : answer();
    },
  };
  const code = await main(args, terminal);
  return { ...outcome, code };
}

/** The tool as one file; remove it with `discard`. */
export async function bundled(): Promise<{ readonly path: string; discard(): void }> {
  const path = bundledProgram('bin/cdk-lynk.ts');
  return { path, discard: () => rmSync(dirname(path), { recursive: true, force: true }) };
}

const running = new Set<Started>();

/** A process of its own, and its output. */
export class Started {
  output = '';
  complaints = '';
  readonly ended: Promise<number | NodeJS.Signals>;
  private readonly closed: Promise<void>;
  private hasEnded = false;
  private readonly child: ChildProcess;

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    const { PATH = '' } = process.env;
    // A session of its own, so that all of it can be ended after the test.
    this.child = spawn(command, args, { env: { PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.child.stdout?.on('data', (chunk) => {
      this.output += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.complaints += chunk;
    });
    this.closed = new Promise((settle) => this.child.once('close', () => settle()));
    running.add(this);
    this.ended = new Promise((settle, reject) => {
      this.child.once('error', reject);
      this.child.once('exit', async (code, signal) => {
        // Its last output may come after its end; processes that it left may keep the output open for long.
        await Promise.race([this.closed, sleep(500)]);
        this.hasEnded = true;
        settle(code ?? signal ?? 'SIGKILL');
      });
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Stops reading its output. */
  stopReadingComplaints(): void {
    this.child.stderr?.destroy();
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Waits until its output has this; the limit is for a busy machine. */
  async said(text: string): Promise<void> {
    await until(() => this.output.includes(text) || this.hasEnded, `"${text}"`);
    if (!this.output.includes(text)) throw new Error(`it ended without saying "${text}": ${this.complaints}`);
  }

  /** Ends all that is left. */
  static async endAll(): Promise<void> {
    for (const one of running) {
      one.signal('SIGCONT');
      one.signal('SIGTERM');
    }
    await Promise.all(
      [...running].map(async (one) => {
        const kill = setTimeout(() => one.signal('SIGKILL'), 5000);
        await one.ended;
        clearTimeout(kill);
        // Processes that it left running must not keep this process waiting for output.
        one.child.stdout?.destroy();
        one.child.stderr?.destroy();
      }),
    );
    running.clear();
  }
}

/** Waits until it is true; the limit is only for a busy machine. */
export async function until(isSo: () => boolean, what: string, limitSeconds = 60): Promise<void> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} is not so within ${limitSeconds} s`);
    await sleep(20);
  }
}

/**
 * Whether a process runs. A zombie does not, although signals can still be sent to it: its new parent, such as a
 * container's first process, may take long to remove it.
 */
export function isRunning(pid: number): boolean {
  try {
    // The state follows the name, which may itself contain brackets: proc(5).
    return !/\) [ZX] [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    // ESRCH: it ended while its file was read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
