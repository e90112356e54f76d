import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Suite } from './parts.js';

/** Set by the jest configuration in run.ts. */
declare const suites: readonly Suite[];

const ROOT = join(__dirname, '../..');

// The same values in every run, or a mutant that few of them tell apart would be found in one run and not in the next.
fc.configureGlobal({ seed: 1, endOnFailure: true });

/**
 * All tests of a part as one file, since a mutant is a run of jest: what the tests have in common is then loaded once
 * a mutant, and not once a test file.
 */
for (const { folder, only, without } of suites) {
  for (const file of readdirSync(join(ROOT, folder))) {
    if (!file.endsWith('.test.ts') || without?.includes(file) || only?.includes(file) === false) continue;
    describe(`${folder}/${file}`, () => load(folder, file));
  }
}

/** A file that a mutant keeps from loading has noticed it as well as by a test that fails. */
function load(folder: string, file: string): void {
  try {
    require(join(ROOT, folder, file));
  } catch (error) {
    test('loads', () => {
      throw error;
    });
  }
}
