import { execFileSync } from 'node:child_process';
import { typed } from './tool.js';

/** What bash would offer at the end of this line. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const { output, code } = await typed(['completion', 'bash']);
  expect(code).toBe(0);
  const ask = `${output}
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
eval "$(complete -p cdk-lynk | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync('bash', ['-uc', ask, 'bash', 'cdk-lynk', ...words], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');
}

test('bash completes commands', async () => {
  expect(await offered('')).toEqual('run ls show break tables completion --help --version'.split(' '));
  expect(await offered('sh')).toEqual(['show']);
  expect(await offered('completion', '')).toEqual(['bash', 'zsh', '--help']);
});

test.each(['run', 'ls', 'show', 'break', 'tables', 'completion'])('bash completes all options of %s', async (name) => {
  const { output } = await typed([name, '--help']);
  const options = [...output.matchAll(/^ {2}(?:-\w, |\s*)(--[a-z-]+)/gm)].map(([, option]) => option);
  expect(options.length).toBeGreaterThan(0);
  expect((await offered(name, '--')).filter((word) => word !== '--')).toEqual(options);
});

test('bash completes options of the other name of ls, too', async () => {
  expect(await offered('list', '--pre')).toEqual(['--prefix']);
});

test('the value of an option is the user’s; after -- comes a command, then what is its own', async () => {
  expect(await offered('run', 'a', '--table', '')).toEqual([]);
  expect(await offered('run', 'a', '-w', '')).toEqual([]);
  expect(await offered('run', 'a', '--', 'mktem')).toContain('mktemp');
  expect(await offered('run', 'a', '--', 'ls', '--')).toEqual([]);
});

test('zsh gets the same, by its part for completions of bash', async () => {
  const { output: forBash } = await typed(['completion', 'bash']);
  const { output: forZsh } = await typed(['completion', 'zsh']);
  expect(forZsh).toBe(`autoload -U +X bashcompinit && bashcompinit\n${forBash}`);
});
