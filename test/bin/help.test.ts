import { readFileSync } from 'node:fs';
import { typed } from './tool.js';

const COMMANDS = ['run', 'ls', 'show', 'break', 'tables', 'completion'];
const page = readFileSync('docs/cli.md', 'utf8');

test.each([[['--help']], ...COMMANDS.map((command) => [[command, '--help']])])(
  'docs/cli.md shows what cdk-lynk %j says',
  async (args) => {
    const { code, output, complaints } = await typed(args);

    expect(code).toBe(0);
    expect(complaints).toBe('');
    expect(page).toContain(`\`\`\`console\n$ cdk-lynk ${args.join(' ')}\n${output}\`\`\`\n`);
  },
);

test('help is at most 110 columns wide', async () => {
  for (const command of COMMANDS) {
    const { output } = await typed([command, '--help']);
    expect(output.split('\n').filter((line) => line.length > 110)).toEqual([]);
    expect(output).toContain('Examples:');
  }
});

test('-h works after other options too; a --help after -- belongs to the command', async () => {
  const { output } = await typed(['ls', '--help']);
  expect((await typed(['ls', '-t', 'x', '-h'])).output).toBe(output);
  expect((await typed(['help'])).output).toBe((await typed(['-h'])).output);
  delete process.env['LYNK_TABLE_NAME'];
  expect(await typed(['run', 'a', '--', 'make', '--help'])).toMatchObject({ code: 64, output: '' });
});

test('docs/cli.md lists every exit code', () => {
  const codes = [...readFileSync('bin/cli/command-line.ts', 'utf8').matchAll(/: (\d+),$/gm)].map(
    ([, code]) => code ?? '',
  );
  expect(codes.length).toBeGreaterThan(9);
  const listed = [...page.matchAll(/^\| (\d+)/gm)].map(([, code]) => code ?? '');
  expect(new Set(listed)).toEqual(new Set(codes));
});
