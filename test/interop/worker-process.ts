import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type LynkVersion, pythonWith } from './python-lynk.js';
import type { Acquisition, Answer, Counting, HandedOver, Question } from './task.js';

const running = new Set<WorkerProcess>();

/** Whatever way this process ends, none of its workers outlives it. */
process.once('exit', () => {
  for (const worker of running) worker.signal('SIGKILL');
});

/** Ends all workers that were started here, stopped ones included. */
export async function killWorkers(): Promise<void> {
  await Promise.all([...running].map((worker) => worker.kill()));
}

/** Where a worker finds its locks, and the name under which it holds them. */
export interface WorkerPlace {
  readonly tableName: string;
  readonly hostIdentifier: string;
  /** Its whole environment, but for where to find programs. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A process that holds locks, ours or Python's, and does what it is asked. */
export class WorkerProcess {
  private readonly ended: Promise<void>;
  private readonly pending = new Map<number, (answer: Answer | undefined) => void>();
  private readonly ready: Promise<unknown>;
  private complaints = '';
  private endedBy: string | undefined;
  private questions = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly host: string,
  ) {
    const { stdout, stderr } = child;
    if (!stdout || !stderr) throw new Error('a worker has no pipes');
    running.add(this);
    this.ready = this.answered(0, `started ${host}`);
    createInterface(stdout).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.pending.get(answer.id)?.(answer);
    });
    stderr.on('data', (chunk) => {
      this.complaints += chunk;
    });
    // A worker that is killed has no use for what is on its way to it.
    child.stdin?.on('error', () => {});
    this.ended = new Promise((settle) => {
      const end = (why: unknown): void => {
        running.delete(this);
        this.endedBy = `it ended (${why}): ${this.complaints}`;
        for (const tell of this.pending.values()) tell(undefined);
        settle();
      };
      child.once('error', (error) => end(error.message));
      child.once('close', (code, signal) => end(code ?? signal));
    });
  }

  static typescript(place: WorkerPlace): Promise<WorkerProcess> {
    return WorkerProcess.start(process.execPath, ['--import', 'tsx', resolve('test/interop/worker.ts')], place);
  }

  static python(version: LynkVersion, place: WorkerPlace): Promise<WorkerProcess> {
    return WorkerProcess.start(pythonWith(version), [resolve('test/interop/worker.py')], place);
  }

  private static async start(program: string, args: readonly string[], place: WorkerPlace): Promise<WorkerProcess> {
    const { tableName, hostIdentifier, environment } = place;
    const { PATH = '' } = process.env;
    const env = { PATH, ...environment };
    const worker = new WorkerProcess(spawn(program, [...args, tableName, hostIdentifier], { env }), hostIdentifier);
    await worker.ready;
    return worker;
  }

  async acquire(acquisition: Acquisition): Promise<void> {
    await this.ask({ ask: 'acquire', ...acquisition });
  }

  async release(lock: string): Promise<void> {
    await this.ask({ ask: 'release', lock });
  }

  /** As far as its library tells; null while it holds. */
  async whyNotHeld(lock: string): Promise<string | null> {
    return (await this.ask({ ask: 'whyNotHeld', lock })) as string | null;
  }

  /** The text that hands the lock over. */
  async serialize(lock: string): Promise<string> {
    return (await this.ask({ ask: 'serialize', lock })) as string;
  }

  async deserialize(handedOver: HandedOver): Promise<void> {
    await this.ask({ ask: 'deserialize', ...handedOver });
  }

  /** Resolves to the values that it wrote. */
  async count(counting: Counting): Promise<number[]> {
    return (await this.ask({ ask: 'count', ...counting })) as number[];
  }

  /** Python workers count to the end. */
  async stopCounting(): Promise<void> {
    await this.ask({ ask: 'stopCounting' });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child.kill(name);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  /** Rejects with an error of the name that the worker's library gave it. */
  private ask(question: Question): Promise<unknown> {
    this.questions += 1;
    const answer = this.answered(this.questions, `asked ${this.host} to ${question.ask}`);
    this.child.stdin?.write(`${JSON.stringify({ id: this.questions, ...question })}\n`);
    return answer;
  }

  private answered(id: number, what: string): Promise<unknown> {
    // Made here, where its stack leads to the test.
    const failure = new Error(what);
    const value = new Promise<unknown>((resolve, reject) => {
      const fail = (name: string, why: string): void => {
        reject(Object.assign(failure, { name, message: `${what}: ${name}: ${why}` }));
      };
      if (this.endedBy !== undefined) return fail('Error', this.endedBy);
      this.pending.set(id, (answer) => {
        this.pending.delete(id);
        if (answer === undefined) fail('Error', `${this.endedBy}`);
        else if ('error' in answer) fail(answer.error.name, answer.error.message);
        else resolve(answer.value);
      });
    });
    // A test may look at it later, or fail before it does.
    value.catch(() => {});
    return value;
  }
}
