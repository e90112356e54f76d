import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clientEnvironment, freePort } from '../server/index.js';
import { bundleHandler } from './bundle.js';
import { EMULATOR_PROGRAM, RUNTIME_SCRIPT } from './emulator.js';
import type { Report, Task } from './handler.js';

/** The function's name in these tests. */
export const FUNCTION_NAME = 'locked-function';

export interface SandboxOptions {
  readonly tableName: string;
  /** Of DynamoDB. */
  readonly endpoint: string;
  /** After which an invocation is killed. */
  readonly timeoutSeconds: number;
  /**
   * Registers an extension for the end of the sandbox: only then does Lambda, and so its emulator, send the
   * runtime a SIGTERM before it is killed.
   */
  readonly extension?: 'registered';
}

/** See `Sandbox.gate`. */
export interface Gate {
  /** What a task is to be given. */
  readonly file: string;
  isReached(): boolean;
  open(): void;
}

const running = new Set<Sandbox>();

/**
 * One sandbox of a Lambda function: the official emulator of its interface, and in it Lambda's own runtime
 * with a bundled handler. Like a real one it starts with its first invocation, has one at a time, and is
 * started anew after an invocation that timed out.
 */
export class Sandbox {
  private log = '';
  private gates = 0;
  private readonly exited: Promise<void>;

  private constructor(
    private readonly emulator: ChildProcess,
    private readonly endpoint: string,
    private readonly folder: string,
  ) {
    for (const stream of [emulator.stdout, emulator.stderr]) {
      stream?.on('data', (chunk) => {
        this.log += chunk;
      });
    }
    this.exited = new Promise((resolve) => emulator.once('close', () => resolve()));
    running.add(this);
  }

  static async start({ tableName, endpoint, timeoutSeconds, extension }: SandboxOptions): Promise<Sandbox> {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
    await bundleHandler(folder);
    const address = `127.0.0.1:${await freePort()}`;
    const runtimeApi = `127.0.0.1:${await freePort()}`;
    const addresses = ['--runtime-interface-emulator-address', address, '--runtime-api-address', runtimeApi];
    const command = [EMULATOR_PROGRAM, ...addresses, process.execPath, RUNTIME_SCRIPT, 'index.handler'];
    const [program = '', ...args] = extension ? withExtension(folder, command) : command;
    const { PATH = '' } = process.env;
    const emulator = spawn(program, args, {
      cwd: folder,
      env: {
        PATH,
        ...clientEnvironment(endpoint),
        LYNK_TABLE_NAME: tableName,
        LAMBDA_TASK_ROOT: folder,
        AWS_LAMBDA_FUNCTION_NAME: FUNCTION_NAME,
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new Sandbox(emulator, `http://${address}/2015-03-31/functions/function/invocations`, folder);
  }

  /** One invocation. The next must not begin before this one is over. */
  async invoke(task: Task): Promise<Report> {
    const answer = await this.post(task);
    let report: Partial<Report>;
    try {
      report = JSON.parse(answer);
    } catch {
      report = {};
    }
    if (report.pid === undefined) throw new Error(`the invocation did not report: ${answer}\n${this.log.slice(-4000)}`);
    return report as Report;
  }

  /** An invocation that is expected to time out; resolves to what the emulator says then. */
  invokeUntilTimeout(task: Task): Promise<string> {
    return this.post(task);
  }

  /** A place for an invocation to stay at, while it holds, until the test opens it. */
  gate(): Gate {
    this.gates += 1;
    const file = join(this.folder, `gate-${this.gates}`);
    return { file, isReached: () => existsSync(`${file}.reached`), open: () => writeFileSync(file, '') };
  }

  /** What Lambda does between invocations; here also within one. The clocks go on. */
  freeze(): void {
    process.kill(this.runtimePid, 'SIGSTOP');
  }

  thaw(): void {
    process.kill(this.runtimePid, 'SIGCONT');
  }

  /** Ends the sandbox, as Lambda does with one that it needs no more; resolves to all that it has written. */
  async shutDown(): Promise<string> {
    this.emulator.kill('SIGTERM');
    await this.exited;
    return this.log;
  }

  async kill(): Promise<void> {
    // Its children would outlive it, and a frozen one keeps its pipes open.
    const left = this.children();
    this.emulator.kill('SIGKILL');
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    await this.exited;
    running.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get runtimePid(): number {
    const runtime = this.children().find(({ command }) => command.includes(RUNTIME_SCRIPT));
    if (!runtime) throw new Error('there is no runtime before the first invocation');
    return runtime.pid;
  }

  private children(): { readonly pid: number; readonly command: string }[] {
    const { pid } = this.emulator;
    if (pid === undefined || this.emulator.exitCode !== null || this.emulator.signalCode !== null) return [];
    const threads = readdirSync(`/proc/${pid}/task`);
    const pids = threads.flatMap((thread) => textOf(`/proc/${pid}/task/${thread}/children`).split(' '));
    return pids.filter(Boolean).map((child) => ({ pid: Number(child), command: textOf(`/proc/${child}/cmdline`) }));
  }

  private async post(task: Task): Promise<string> {
    // The emulator listens a moment after its start.
    for (let attempt = 0; ; attempt += 1) {
      try {
        const answer = await fetch(this.endpoint, { method: 'POST', body: JSON.stringify(task) });
        return await answer.text();
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { code?: string };
        if (code !== 'ECONNREFUSED' || attempt >= 500) throw new Error(`no answer: ${this.log}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    }
  }
}

/** Leaves none behind, frozen ones included. */
export async function killSandboxes(): Promise<void> {
  await Promise.all([...running].map((sandbox) => sandbox.kill()));
}

/** The same command where /opt has an extension in addition, for it and its children alone. */
function withExtension(folder: string, command: readonly string[]): readonly string[] {
  const extensions = join(folder, 'opt', 'extensions');
  mkdirSync(extensions, { recursive: true });
  const program = join(extensions, 'shutdown-notice');
  writeFileSync(program, `#!${process.execPath}\n${EXTENSION}`);
  chmodSync(program, 0o755);
  const mount = 'mount -t overlay overlay -o lowerdir="$0":/opt /opt && exec "$@"';
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  return ['unshare', ...asRoot, '--mount', 'sh', '-c', mount, join(folder, 'opt'), ...command];
}

/** The smallest there is: registers, and waits for the end. */
const EXTENSION = `
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension';
const events = JSON.stringify({ events: ['SHUTDOWN'] });
fetch(api + '/register', { method: 'POST', headers: { 'Lambda-Extension-Name': 'shutdown-notice' }, body: events })
  .then(({ headers }) => headers.get('lambda-extension-identifier'))
  .then((id) => fetch(api + '/event/next', { headers: { 'Lambda-Extension-Identifier': id } }));
`;

/** Of a file that may be gone by now, as those of processes are. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
