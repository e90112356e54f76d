import { readFileSync } from 'node:fs';
import { blocksOf } from '../docs-code.js';

/** As the page shows a file of the example: with the names by which its reader imports. */
const shown = (file: string): string =>
  readFileSync(`examples/nightly-report/${file}`, 'utf8')
    .replaceAll("'../../lib/index.js'", "'cdk-lynk'")
    .replaceAll("'../../runtime/index.js'", "'cdk-lynk/runtime'")
    .replaceAll("'../../runtime/testing/index.js'", "'cdk-lynk/testing'")
    .replaceAll('examples/nightly-report/', 'src/');

test('docs/scheduled-jobs.md shows the handler, the stack and the test that are run here', () => {
  const files = ['handler.ts', 'stack.ts', 'nightly-report.test.ts'];

  expect(blocksOf('docs/scheduled-jobs.md')).toEqual(files.map(shown));
});
