import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { FaultProxy, type SeenRequest } from '../../test/server/fault-proxy.js';
import { clientEnvironment } from '../../test/server/index.js';
import type { Launch } from './install.js';
import type { Assignment } from './library.js';

/** Requests to the table, as they are charged. */
export interface Asked {
  readonly writes: number;
  readonly reads: number;
  /** Eventually consistent reads, which cost half. */
  readonly halfReads: number;
}

const running = new Set<ChildProcess>();

/** Ends all workers when this process ends. */
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process with locks of one library (library.ts), and its requests to the table. */
export class Worker {
  private readonly pending = new Map<number, { ok(values: number[]): void; fail(error: Error): void }>();
  private questions = 0;
  private complaints = '';

  private constructor(
    private readonly child: ChildProcess,
    private readonly proxy: FaultProxy | undefined,
  ) {
    running.add(child);
    if (!child.stdout || !child.stderr) throw new Error('a worker has no pipes');
    createInterface(child.stdout).on('line', (line) => this.hear(line));
    child.stderr.on('data', (chunk) => {
      this.complaints = (this.complaints + chunk).slice(-2000);
    });
    // Input for a killed worker is lost; that is no error.
    child.stdin?.on('error', () => {});
    child.once('exit', () => {
      running.delete(child);
      for (const { fail } of this.pending.values()) fail(new Error(`a worker ended: ${this.complaints}`));
    });
  }

  /** Whether requests are counted, by a proxy on loopback, which costs time. */
  static async start(launch: Launch, assignment: Assignment, counted: boolean): Promise<Worker> {
    const proxy = counted ? await FaultProxy.to(assignment.endpoint) : undefined;
    const endpoint = proxy?.endpoint ?? assignment.endpoint;
    const { PATH = '', HOME = '' } = process.env;
    const env = {
      PATH,
      HOME,
      NODE_NO_WARNINGS: '1',
      AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1',
      AWS_NODEJS_CONNECTION_REUSE_ENABLED: '1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      ...clientEnvironment(endpoint),
    };
    const [program, ...args] = launch;
    const { table, floorTable, leaseSeconds } = assignment;
    const told =
      program === 'java'
        ? [endpoint, table, floorTable, String(leaseSeconds)]
        : [JSON.stringify({ ...assignment, endpoint })];
    const worker = new Worker(spawn(program, [...args, ...told], { env, stdio: 'pipe' }), proxy);
    await worker.answered(0);
    return worker;
  }

  ask(command: string, ...args: readonly (string | number)[]): Promise<number[]> {
    this.questions += 1;
    const answer = this.answered(this.questions);
    this.child.stdin?.write(`${[this.questions, command, ...args].join(' ')}\n`);
    return answer;
  }

  /** Forgets the requests so far. */
  forget(): void {
    this.proxy?.forget();
  }

  /** The requests since then, about one lock or about all. Retries of the SDK count. */
  asked(lock = ''): Asked {
    if (!this.proxy) throw new Error('nobody counts what this worker asks');
    const seen = this.proxy.requests.filter((request) => lock === '' || JSON.stringify(request.input).includes(lock));
    const reads = seen.filter(({ operation }) => operation === 'GetItem' || operation === 'Query');
    return {
      writes: seen.length - reads.length,
      reads: reads.length,
      halfReads: reads.filter(isEventual).length,
    };
  }

  /** Kills the process, like a crash. */
  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.pending.clear();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL');
      await ended;
    }
    await this.proxy?.close();
  }

  private answered(number: number): Promise<number[]> {
    return new Promise((ok, fail) => this.pending.set(number, { ok, fail }));
  }

  private hear(line: string): void {
    const [number, outcome, ...words] = line.split(' ');
    const asker = this.pending.get(Number(number));
    this.pending.delete(Number(number));
    if (outcome === 'ok') asker?.ok(words.map(Number));
    else asker?.fail(new Error(words.join(' ')));
  }
}

function isEventual({ input }: SeenRequest): boolean {
  return input.ConsistentRead !== true;
}
