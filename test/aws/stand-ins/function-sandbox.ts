import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMULATOR_PROGRAM, RUNTIME_SCRIPT } from '../../lambda/emulator.js';
import { freePort } from '../../server/index.js';
import { ROLE_KEY } from './permissions.js';

export interface SandboxOptions {
  readonly name: string;
  /** A zip archive. */
  readonly code: Buffer;
  readonly handler: string;
  readonly role: string;
  readonly timeoutSeconds: number;
  /** Of DynamoDB. */
  readonly endpoint: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** One sandbox of a deployed function, in Lambda's emulator: frozen between invocations, as Lambda does it. */
export class FunctionSandbox {
  private log = '';

  private constructor(
    private readonly emulator: ChildProcess,
    private readonly address: string,
    private readonly folder: string,
  ) {
    for (const stream of [emulator.stdout, emulator.stderr]) {
      stream?.on('data', (chunk) => {
        this.log = (this.log + String(chunk)).slice(-4000);
      });
    }
  }

  static async start(options: SandboxOptions): Promise<FunctionSandbox> {
    const { name, code, handler, role, timeoutSeconds, endpoint, variables } = options;
    const folder = mkdtempSync(join(tmpdir(), 'function-'));
    const archive = join(folder, 'code.zip');
    writeFileSync(archive, code);
    execFileSync('python3', ['-m', 'zipfile', '--extract', archive, folder]);
    const address = `127.0.0.1:${await freePort()}`;
    const addresses = ['--runtime-interface-emulator-address', address];
    const args = [...addresses, '--runtime-api-address', `127.0.0.1:${await freePort()}`];
    const emulator = spawn(EMULATOR_PROGRAM, [...args, process.execPath, RUNTIME_SCRIPT, handler], {
      cwd: folder,
      env: {
        PATH: process.env['PATH'] ?? '',
        ...variables,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: 'eu-west-1',
        AWS_ACCESS_KEY_ID: `${ROLE_KEY}${role}`,
        AWS_SECRET_ACCESS_KEY: 'test',
        LAMBDA_TASK_ROOT: folder,
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_TIMEOUT: String(timeoutSeconds),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new FunctionSandbox(emulator, `http://${address}/2015-03-31/functions/function/invocations`, folder);
  }

  /** `isOver` where Lambda would start another sandbox for the next invocation. */
  async invoke(task: Buffer): Promise<{ readonly text: string; readonly isError: boolean; readonly isOver: boolean }> {
    for (const { pid } of this.children()) process.kill(pid, 'SIGCONT');
    const text = await this.post(task);
    for (const { pid } of this.children()) process.kill(pid, 'SIGSTOP');
    const isOver = text.includes('Task timed out');
    if (isOver) return { text: JSON.stringify({ errorMessage: text }), isError: true, isOver };
    return { text, isError: 'errorMessage' in (JSON.parse(text) ?? {}), isOver };
  }

  async end(): Promise<void> {
    const { exitCode, signalCode } = this.emulator;
    const ended = new Promise<void>((resolve) => this.emulator.once('close', () => resolve()));
    this.kill();
    if (exitCode === null && signalCode === null) await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** At once, as when the process ends. */
  kill(): void {
    const left = this.children();
    this.emulator.kill('SIGKILL');
    for (const { pid } of left) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by now.
      }
    }
  }

  private children(): { readonly pid: number }[] {
    const { pid, exitCode, signalCode } = this.emulator;
    if (pid === undefined || exitCode !== null || signalCode !== null) return [];
    const threads = readdirSync(`/proc/${pid}/task`);
    const pids = threads.flatMap((thread) => textOf(`/proc/${pid}/task/${thread}/children`).split(' '));
    return pids.filter(Boolean).map((child) => ({ pid: Number(child) }));
  }

  private async post(task: Buffer): Promise<string> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await (await fetch(this.address, { method: 'POST', body: new Uint8Array(task) })).text();
      } catch (error) {
        const { code } = ((error as Error).cause ?? {}) as { code?: string };
        if (code !== 'ECONNREFUSED' || attempt >= 500) throw new Error(`no answer: ${this.log}`, { cause: error });
        await sleep(40);
      }
    }
  }
}

/** Of a file that may be gone by now, as those of processes are. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
