import { parseArgs } from 'node:util';
import { covers, PARTS } from './parts.js';
import { mutate } from './run.js';
import { readExplained } from './survivors.js';
import { type Check, judge, judgeList } from './verdict.js';

/**
 * Changes the source, one small change at a time, and sees whether a test notices. Each part's score has to be high
 * enough, and what is not noticed has to be explained in survivors.md.
 *
 *     npx tsx test/mutation/main.ts [--only runtime/hold/release.ts]...
 *
 * With `--only`, those files alone, whatever the score. Exit code 1 where a check fails.
 */
async function main(only: readonly string[]): Promise<number> {
  const explained = readExplained();
  const reports = [];
  let [passed, failed] = [0, 0];
  const tell = ({ name, faults }: Check): void => {
    console.log(`${faults.length === 0 ? 'ok' : 'not ok'} mutation: ${name}`);
    for (const fault of faults) console.log(`  ${fault}`);
    if (faults.length === 0) passed += 1;
    else failed += 1;
  };
  for (const part of PARTS) {
    const files =
      only.length === 0 ? part.files : only.filter((file) => part.files.some((pattern) => covers(pattern, file)));
    if (files.length === 0) continue;
    const started = Date.now();
    const report = await mutate(part, files);
    reports.push(report);
    const judged = only.length === 0 ? part : { ...part, files, leastScore: 0 };
    for (const check of judge(judged, report, explained)) tell(check);
    console.log(`${part.name}: ${Math.round((Date.now() - started) / 1000)} s`);
  }
  if (only.length === 0) tell(judgeList(explained, reports));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
process.exitCode = await main(values.only);
