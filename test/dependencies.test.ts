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

/** Each of these rooms is planted an import of the next one, which it may not know. */
const ROOMS = ['core', 'observe', 'options', 'entry', 'hold', 'acquire', 'recipes', 'admin', 'client', 'lambda'];
const ofNextRoom = ROOMS.slice(1).map((next, index) => [
  `runtime/${ROOMS[index]}/zz-planted.ts`,
  [`../${next}/zz-planted.js`],
]);

/** Modules that break rules, and what each imports to that end; of those in lib/, no more than types. */
const PLANTED: Readonly<Record<string, readonly string[]>> = {
  'runtime/protocol/zz-planted.ts': ['node:fs', 'aws-cdk-lib', '../../lib/index.js', '../store/client.js'],
  ...Object.fromEntries(ofNextRoom),
  'runtime/admin/zz-planted-hold.ts': ['../hold/hold.js'],
  'runtime/recipes/zz-planted-store.ts': ['../store/item.js', '@aws-sdk/client-dynamodb'],
  'runtime/store/zz-planted.ts': ['../core/clock.js'],
  'runtime/errors-zz-planted.ts': ['./core/clock.js'],
  'runtime/lambda/zz-planted.ts': ['../testing/index.js', '@opentelemetry/api'],
  'bin/timeline/zz-planted.ts': ['../cli/terminal.js', 'esbuild'],
  'runtime/light/zz-planted.ts': ['../client/default.js'],
  'runtime/client/zz-planted-light.ts': ['../light/index.js', '@smithy/signature-v4'],
  'runtime/testing/zz-planted.ts': ['../store/failure.js', '../client/default.js'],
  'lib/zz-planted.ts': ['./zz-planted-too.js'],
  'lib/zz-planted-too.ts': ['./zz-planted.js'],
};
let report: Report;

/** Seen once, with all that is planted: reading the packages that are imported is what takes time. */
beforeAll(async () => {
  for (const [file, paths] of Object.entries(PLANTED)) {
    mkdirSync(dirname(file), { recursive: true });
    const keyword = file.startsWith('lib/') ? 'export type' : 'export';
    writeFileSync(file, paths.map((path, index) => `${keyword} * as e${index} from '${path}';\n`).join(''));
  }
  const cruiser = 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs';
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'lib', 'runtime', 'bin'];
  try {
    const run = promisify(execFile)(process.execPath, [cruiser, ...options], { maxBuffer: 2 ** 26 });
    // Violations, which there are, end it with their number.
    const { stdout } = await run.catch((failed: { stdout: string }) => failed);
    report = JSON.parse(stdout) as Report;
  } finally {
    for (const file of Object.keys(PLANTED)) rmSync(file);
  }
}, 600_000);

test('the entry points share no code but the wire names, and dependencies point one way', () => {
  expect(report.summary.violations.filter(({ from }) => !(from in PLANTED))).toEqual([]);
  // It passes on nothing too, so: it saw both entry points, and the folders that its rules speak of.
  const sources = report.modules.map(({ source }) => source);
  for (const seen of [
    'lib/index.ts',
    'runtime/index.ts',
    'runtime/protocol/version.ts',
    'runtime/store/client.ts',
    'runtime/light/connection.ts',
    'bin/cli/run.ts',
    'bin/timeline/svg.ts',
  ]) {
    expect(sources).toContain(seen);
  }
  expect(sources.filter((source) => source.startsWith('runtime/')).length).toBeGreaterThan(30);
});

test('the rules can fail', () => {
  const violations = report.summary.violations.filter(({ from }) => from in PLANTED);
  // Each of them breaks one: of the two in lib/, which go round, one is reported.
  const inClient = (files: readonly string[]) => new Set(files.filter((file) => file.startsWith('runtime/')));
  expect(inClient(violations.map(({ from }) => from))).toEqual(inClient(Object.keys(PLANTED)));
  expect(new Set(violations.map(({ rule }) => rule.name))).toEqual(
    new Set([
      'protocol-has-no-io',
      'protocol-has-no-packages',
      'runtime-without-cdk',
      'protocol-imports-what-is-above',
      ...ROOMS.slice(0, -1).map((room) => `${room}-imports-what-is-above`),
      'errors-know-no-room',
      'store-implements-the-port',
      'only-a-client-has-a-store',
      'light-without-the-sdk',
      'light-is-an-entry',
      'only-light-knows-smithy',
      'only-the-store-knows-dynamodb',
      'runtime-is-apart',
      'testing-is-for-tests',
      'only-its-entry-traces',
      'testing-without-dynamodb',
      'a-drawing-is-a-drawing',
      'the-tool-without-packages',
      'no-circle-of-types',
    ]),
  );
});
