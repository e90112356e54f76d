import { execFile } from 'node:child_process';

export interface ToolRun {
  readonly code: number;
  readonly output: string;
}

/** The simulation's command-line tool, as CI runs it. */
export function runTool(...args: readonly string[]): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['test/sim/run.mjs', ...args], { maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr });
    });
  });
}
