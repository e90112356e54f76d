import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { clientEnvironment } from '../server/index.js';
import { Child } from './child.js';
import type { WorkerTask } from './worker/task.js';

/** How to start a worker of each language. */
interface Commands {
  readonly typescript: string;
  readonly python: string;
}

/** What all workers of a run have in common. */
export interface Job extends Pick<WorkerTask, 'table' | 'locks' | 'counterPort'> {
  readonly folder: string;
  readonly seed: number;
  readonly commands: Commands;
}

/** A place in the crew: one worker process after the other, each with a name and a journal of its own. */
export class CrewMember {
  readonly journals: string[] = [];
  /** Why a worker of this place ended by itself, which none should. */
  failure: Error | undefined;
  private child: Child | undefined;
  /** How the worker may end without that being a failure. */
  private isToEndBy: 'SIGKILL' | 'SIGTERM' | undefined;

  constructor(
    readonly place: string,
    private readonly language: keyof Commands,
    private readonly endpoint: string,
    private readonly plantedBug: boolean,
    private readonly job: Job,
  ) {}

  start(): void {
    const { folder, seed, table, locks, counterPort, commands } = this.job;
    const name = `${this.place}.${this.journals.length + 1}`;
    const journal = join(folder, `${name}.ndjson`);
    this.journals.push(journal);
    const task: WorkerTask = {
      name,
      seed: `${seed}/${name}`,
      table,
      locks,
      journal,
      counterPort,
      plantedBug: this.plantedBug,
    };
    const [file, script] =
      this.language === 'typescript'
        ? [process.execPath, commands.typescript]
        : [commands.python, fileURLToPath(new URL('worker/worker.py', import.meta.url))];
    const complaints = openSync(join(folder, `${name}.stderr`), 'w');
    this.isToEndBy = undefined;
    this.child = new Child(file, [script], {
      stdio: ['ignore', 'ignore', complaints],
      env: {
        ...process.env,
        ...clientEnvironment(this.endpoint),
        AWS_DEFAULT_REGION: clientEnvironment(this.endpoint)['AWS_REGION'],
        CHAOS_TASK: JSON.stringify(task),
      },
    });
    closeSync(complaints);
    void this.child.ended.then((how) => {
      if (how === 0 || how === this.isToEndBy) return;
      this.failure ??= new Error(`worker ${name} ended with ${how}; see ${folder}/${name}.stderr`);
    });
  }

  /** Kills the worker. Resolves to what starts another in its place. */
  async kill(): Promise<() => Promise<void>> {
    this.isToEndBy = 'SIGKILL';
    this.child?.signal('SIGKILL');
    await this.child?.ended;
    return async () => this.start();
  }

  /** Stops the worker in its tracks. Resolves to what lets it go on. */
  async stop(): Promise<() => Promise<void>> {
    this.child?.signal('SIGSTOP');
    return async () => this.child?.signal('SIGCONT');
  }

  /** Lets the worker finish its section, and kills it where that takes too long. */
  async finish(limitMs: number): Promise<void> {
    // A process that has only just been started does not know this signal yet, and dies of it.
    this.isToEndBy ??= 'SIGTERM';
    this.child?.signal('SIGTERM');
    await Promise.race([this.child?.ended, sleep(limitMs, undefined, { ref: false })]);
    if (this.child?.isRunning) await this.kill();
  }
}
