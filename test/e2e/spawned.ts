import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { bundled } from '../bundled.js';

const running = new Set<Spawned>();

/** A TypeScript program of this folder in a process of its own. It reports in lines of JSON. */
export class Spawned {
  /** What it ended with: its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
  private readonly reports: Record<string, unknown>[] = [];
  private readonly listeners = new Set<() => void>();
  private complaints = '';
  private outcome: { readonly code: number | string | null } | undefined;

  private constructor(private readonly child: ChildProcess) {
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('a spawned process has no pipes');
    createInterface(stdout).on('line', (line) => {
      this.reports.push(JSON.parse(line));
      this.tell();
    });
    stderr.on('data', (chunk) => {
      this.complaints += chunk;
    });
    running.add(this);
    this.ended = new Promise((settle) => {
      child.once('close', (code, signal) => {
        running.delete(this);
        this.outcome = { code: code ?? signal };
        this.tell();
        settle(code ?? signal);
      });
    });
  }

  /** @param env its whole environment, but for where to find programs */
  static start(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Spawned {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [bundled(`test/e2e/${program}`), ...args], {
      env: { PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Spawned(child);
  }

  /** The report of this event, once it has come. */
  async reported<R>(event: string): Promise<R> {
    for (;;) {
      const report = this.reports.find((one) => one['event'] === event);
      if (report) return report as R;
      if (this.outcome) {
        throw new Error(`ended (${this.outcome.code}) without reporting "${event}": ${this.complaints}`);
      }
      await new Promise<void>((heard) => this.listeners.add(heard));
    }
  }

  /** Everything that it wrote to its error stream. */
  get errorOutput(): string {
    return this.complaints;
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM' | 'SIGKILL'): void {
    this.child.kill(name);
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
    this.listeners.clear();
  }
}

/** Leaves none behind, stopped ones included. */
export async function killSpawned(): Promise<void> {
  await Promise.all(
    [...running].map((one) => {
      one.signal('SIGKILL');
      return one.ended;
    }),
  );
}
