import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

interface Report {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[];
  };
}

async function cruise(...folders: string[]): Promise<Report> {
  const args = ['depcruise', '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders];
  const { stdout } = await promisify(execFile)('npx', args, { maxBuffer: 2 ** 26 }).catch(
    (failed: { stdout: string }) => failed,
  );
  return JSON.parse(stdout) as Report;
}

test('the entry points share no code but the wire names, and dependencies point one way', async () => {
  const { modules, summary } = await cruise('lib', 'runtime', 'bin');

  expect(summary.violations).toEqual([]);
  // It passes on nothing too, so: it saw both entry points, and the folders that its rules speak of.
  const sources = modules.map(({ source }) => source);
  for (const seen of [
    'lib/index.ts',
    'runtime/index.ts',
    'runtime/protocol/version.ts',
    'runtime/store/client.ts',
    'bin/cli/run.ts',
  ]) {
    expect(sources).toContain(seen);
  }
  expect(sources.filter((source) => source.startsWith('runtime/')).length).toBeGreaterThan(30);
}, 600_000);

test('the rules can fail', async () => {
  const imports = {
    'runtime/protocol/zz-planted.ts': ['node:fs', 'aws-cdk-lib', '../../lib/index.js', '../store/client.js'],
    'runtime/lambda/zz-planted.ts': ['../testing/index.js', '@opentelemetry/api'],
    'runtime/testing/zz-planted.ts': ['../store/failure.js', '../default.js'],
  };
  for (const [planted, paths] of Object.entries(imports)) {
    mkdirSync(dirname(planted), { recursive: true });
    writeFileSync(planted, paths.map((path, index) => `export * as e${index} from '${path}';\n`).join(''));
  }
  try {
    const { summary } = await cruise('lib', 'runtime');
    const broken = summary.violations.filter(({ from }) => from in imports).map(({ rule }) => rule.name);
    expect(new Set(broken)).toEqual(
      new Set([
        'protocol-has-no-io',
        'protocol-has-no-packages',
        'runtime-without-cdk',
        'protocol-is-pure',
        'runtime-is-apart',
        'testing-is-for-tests',
        'only-its-entry-traces',
        'testing-without-dynamodb',
      ]),
    );
  } finally {
    for (const planted of Object.keys(imports)) rmSync(planted);
  }
}, 600_000);
