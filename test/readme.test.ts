import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const folder = '.cache/readme';

/** The code blocks of the README in this language. */
function blocks(language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm');
  return [...readFileSync('README.md', 'utf8').matchAll(fence)].map(([, code]) => code ?? '');
}

/** What the compiler says of these files. */
async function compile(files: Readonly<Record<string, string>>): Promise<string> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, code] of Object.entries(files)) writeFileSync(`${folder}/${name}`, code);
  const paths = { 'cdk-lynk': ['../../lib/index.ts'], 'cdk-lynk/runtime': ['../../runtime/index.ts'] };
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['*.ts'] };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  const run = promisify(execFile)('npx', ['tsc', '-p', folder]);
  return run.then(({ stdout }) => stdout).catch((failed: { stdout: string }) => failed.stdout);
}

const billing = `
  export declare function loadAccount(id: string, options: { signal: AbortSignal }): Promise<{ id: string }>;
  export declare function charge(account: { id: string }): Promise<number>;
`;

test('the README’s code compiles', async () => {
  const code = blocks('ts');
  expect(code.length).toBe(3);

  const files = Object.fromEntries(code.map((block, index) => [`block${index}.ts`, block]));
  expect(await compile({ ...files, 'billing.ts': billing })).toBe('');
});

test('and would not, were it wrong', async () => {
  const wrong = "import { withLock } from 'cdk-lynk/runtime';\nawait withLock('a', { waitSecond: 1 }, () => 1);\n";
  expect(await compile({ 'wrong.ts': wrong })).toContain('waitSecond');
});
