import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What a command printed. One that fails is an error with all that it said; nothing of AWS is handed down to it. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(AWS|LYNK|JEST)_/.test(name));
  const options = { cwd, env: { ...Object.fromEntries(inherited), ...env }, maxBuffer: 2 ** 26 };
  return promisify(execFile)(command, [...args], options).then(
    ({ stdout }) => stdout,
    (failed: { message: string; stdout: string; stderr: string }) => {
      throw new Error(`${failed.message}\n${failed.stdout}`);
    },
  );
}
