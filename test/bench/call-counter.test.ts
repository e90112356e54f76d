import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'call-counter-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The first function stands at the very beginning of its file, where the module's own code begins, too. */
const KNOWN = `function thrice() { if (globalThis.never) neverCalled(); }
function neverCalled() {}
async function onceWithTwoAwaits() { await 1; await 2; }
class WithField { field = 1; }
export async function run() {
  for (let count = 0; count < 3; count++) thrice();
  await onceWithTwoAwaits();
  return [1, 2].map((one) => one + new WithField().field);
}
thrice();
`;

test('it counts the files, functions and calls of one run, whatever went before, and of one folder', async () => {
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'known.js'), KNOWN);
  writeFileSync(join(folder, 'late.js'), 'const once = () => 1; once();');
  const code = `
    import { CallCounter } from ${JSON.stringify(resolve('bench/call-counter.ts'))};
    const counter = await CallCounter.of(${JSON.stringify(folder)});
    const { run } = await import(${JSON.stringify(join(folder, 'known.js'))});
    await run();
    await counter.take();
    await run();
    await import(${JSON.stringify(join(folder, 'late.js'))});
    console.log(JSON.stringify([await counter.take(), await counter.take()]));
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  // run, thrice (3), onceWithTwoAwaits, the function that maps (2), the initializer of the field (2), and once: not
  // the code at the top level of the module that was imported late.
  expect(JSON.parse(stdout)).toEqual([
    { files: 2, functions: 6, calls: 10 },
    { files: 0, functions: 0, calls: 0 },
  ]);
}, 60_000);
