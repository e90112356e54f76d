import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set<ChildProcess>();

/** Whatever way this process ends, none of its children outlives it. A stopped one, too, dies of SIGKILL. */
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process started here, and only here known by its id. */
export class Child {
  /** Resolves to how it ended: an exit code, or the name of a signal. */
  readonly ended: Promise<number | string>;
  private readonly child: ChildProcess;

  constructor(command: string, args: readonly string[], options: SpawnOptions) {
    this.child = spawn(command, args, options);
    running.add(this.child);
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => resolve(error.message));
      this.child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    void this.ended.then(() => running.delete(this.child));
  }

  get isRunning(): boolean {
    return running.has(this.child);
  }

  signal(signal: 'SIGTERM' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.child.kill(signal);
  }

  /** Of a server: resolves once it answers HTTP, whatever it says. */
  async answersAt(url: string): Promise<void> {
    for (const deadline = Date.now() + 30_000; ; ) {
      try {
        await fetch(url, { signal: AbortSignal.timeout(1000) });
        return;
      } catch (error) {
        if (!this.isRunning) throw new Error(`the server for ${url} ended: ${await this.ended}`);
        if (Date.now() > deadline) throw error;
      }
      await sleep(20);
    }
  }
}
