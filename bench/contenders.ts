import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import { bundled } from './bundle.js';
import type { Stage } from './stage.js';

const WORK_MS = 2;
/** Git ignores it. */

interface Report {
  readonly startedMs: number;
  readonly tookMs: number;
  readonly requests: number;
}

/** Processes that contend for one lock (contender.ts). */
export class Contenders {
  private constructor(
    private readonly children: readonly ChildProcess[],
    private readonly lines: readonly Interface[],
  ) {}

  /** Resolves when their connections and their code are warm. */
  static async start(stage: Stage, count: number): Promise<Contenders> {
    const program = await bundled('bench/contender.ts');
    const env = { PATH: process.env['PATH'] ?? '', NODE_NO_WARNINGS: '1', ...stage.environment };
    const children = Array.from({ length: count }, () =>
      spawn(process.execPath, [program, String(WORK_MS)], { env, stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const contenders = new Contenders(
      children,
      children.map(({ stdout }) => createInterface(stdout)),
    );
    process.once('exit', () => contenders.stop());
    await contenders.eachLine();
    return contenders;
  }

  /** All of them run so many cycles at the same time. Returns when each was done, from the start of the first. */
  async run(cycles: number): Promise<{ readonly endsMs: readonly number[]; readonly requests: number }> {
    const answers = this.eachLine();
    for (const { stdin } of this.children) stdin?.write(`${cycles}\n`);
    const reports = (await answers).map((line) => JSON.parse(line) as Report);
    const startMs = Math.min(...reports.map(({ startedMs }) => startedMs));
    return {
      endsMs: reports.map(({ startedMs, tookMs }) => startedMs + tookMs - startMs),
      requests: reports.reduce((sum, report) => sum + report.requests, 0),
    };
  }

  stop(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }

  private async eachLine(): Promise<string[]> {
    return Promise.all(this.lines.map(async (line) => String((await once(line, 'line'))[0])));
  }
}
