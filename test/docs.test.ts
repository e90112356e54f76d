import { readFileSync } from 'node:fs';
import {
  apiReports,
  blocksOf,
  commentOf,
  complaintsOf,
  examplesInComments,
  examplesOf,
  pagesWithCode,
} from './docs-code.js';

/** What code imports of its reader's own. */
const OWN = {
  'README.md/billing.ts': `
    export declare function loadAccount(id: string, options: { signal: AbortSignal }): Promise<{ id: string }>;
    export declare function charge(account: { id: string }): Promise<number>;
  `,
  // The handler, which its test imports.
  'docs/getting-started.md/report.ts': "export { handler } from './block0.js';",
  // As in examples/nightly-report, which the page shows.
  'docs/scheduled-jobs.md/handler.ts': "export { handler } from './block0.js';",
  'docs/scheduled-jobs.md/report.ts': "export { reports } from '../../../../examples/nightly-report/report.js';",
  'docs/testing.md/report.ts': "export { handler, work } from './block0.js';",
  'docs/fencing.md/account.ts': `
    import type { AttributeValue, DynamoDBClient, Update } from '@aws-sdk/client-dynamodb';
    export declare const client: DynamoDBClient;
    export declare const TableName: string;
    export declare const Key: Record<string, AttributeValue>;
    export declare function changeOf(item?: Record<string, AttributeValue>): Pick<Update, 'UpdateExpression'>;
  `,
  'docs/fencing.md/reports.ts': `
    export declare const body: string;
    export declare function sql(text: TemplateStringsArray, ...values: readonly unknown[]): Promise<void>;
    export declare function report(): Promise<void>;
  `,
};
const wrong = "import { withLock } from 'cdk-lynk/runtime';\nawait withLock('a', { waitSecond: 1 }, () => 1);\n";

const pages = pagesWithCode();
const examples = examplesInComments();
let complaints: readonly string[];

beforeAll(async () => {
  const blocks = [...pages.map((page) => [page, blocksOf(page)] as const), ...examples];
  const files = blocks.flatMap(([of, codes]) => codes.map((code, index) => [`${of}/block${index}.ts`, code]));
  complaints = await complaintsOf({ ...Object.fromEntries(files), ...OWN, 'wrong/block0.ts': wrong });
}, 300_000);

test.each(pages)('the code in %s compiles', (page) => {
  expect(complaints.filter((line) => line.startsWith(`${page}/`))).toEqual([]);
});

test.each([...examples.keys()])('the @example in %s compiles', (file) => {
  expect(complaints.filter((line) => line.startsWith(`${file}/`))).toEqual([]);
});

test('and would not, were it wrong', () => {
  // All that the compiler has to say is about what is wrong on purpose.
  expect(complaints.filter((line) => !line.startsWith('wrong/'))).toEqual([]);
  expect(complaints.join('\n')).toContain('waitSecond');
});

test('the pages with code are found', () => {
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/cdk.md', 'docs/lambda.md', 'docs/testing.md']));
  expect(blocksOf('README.md')).toHaveLength(2);
});

test('what README.md says of the package in one line is so', () => {
  const { version, engines, license, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [line = ''] = readFileSync('README.md', 'utf8').match(/^`.*`$/m) ?? [];

  expect([...line.matchAll(/`([^`]+)`/g)].map(([, says]) => says)).toEqual([
    version,
    'not yet published',
    `Node.js ${engines.node}`,
    Object.keys(exports['.']).join(' ').replace('import', 'ESM').replace(' require', ' and CommonJS'),
    license,
  ]);
});

test('every public function has an example, and every public symbol a docstring', () => {
  const reports = apiReports().join('\n');
  const functions = new Set([...reports.matchAll(/^export function (\w+)/gm)].map(([, name = '']) => name));
  expect(functions).toEqual(
    new Set([
      ...[
        'createTestLocks',
        'currentHold',
        'emfMetrics',
        'getLockFactory',
        'heldLock',
        'lockMiddleware',
        'lockPowertools',
      ],
      ...['lockTracing', 'locked', 'makeLocked', 'singleFlight', 'stickyLock', 'tryWithLock', 'withLock', 'withLocks'],
      ...['tryWithDurableLock', 'withDurableLock', 'withDurablePermit'],
    ]),
  );
  expect([...functions].filter((name) => !commentOf(name).includes('@example'))).toEqual([]);
  expect(reports).not.toContain('(undocumented)');
});

test('the examples in comments are found, whole and alone', () => {
  for (const construct of ['lynk-lock-table', 'lynk-lock-monitoring', 'lynk-lock-states']) {
    const found = examples.get(`lib/${construct}.ts`) ?? [];
    expect(found.length).toBeGreaterThan(0);
    for (const example of found) expect(example).toMatch(/^import [\s\S]*;$/);
  }
  const comment =
    '  /**\n   * Adds.\n   *\n   * @example\n   * add(1);\n   *\n   *   add(2);\n   * @throws never\n   */\n';
  expect(examplesOf(`${comment}  add();\n/** @example\n * ${'```ts'}\n * add(3);\n * ${'```'} */`)).toEqual([
    'add(1);\n\n  add(2);',
    'add(3);',
  ]);
});
