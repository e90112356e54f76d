import { readFileSync } from 'node:fs';
import * as lib from '../../lib/index.js';

const text = readFileSync('docs/cdk.md', 'utf8');

test('docs/cdk.md names every prop of the table and every construct', () => {
  const props = readFileSync('lib/lynk-lock-table-props.ts', 'utf8');
  const own = props.slice(0, props.indexOf('export interface LynkLockTableAttributes'));
  const names = [...own.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(12);
  const constructs = ['LynkLockTable', 'LynkLockMonitoring', 'LynkLockTables'];
  expect(Object.keys(lib)).toEqual(expect.arrayContaining(constructs));
  for (const name of [...names, ...constructs, 'connect', 'grantLock', 'grantInspect', 'grantBreak']) {
    expect(text).toContain(name);
  }
});

test('docs/operations.md says what to do about each alarm', () => {
  const monitoring = readFileSync('lib/lynk-lock-monitoring.ts', 'utf8');
  const alarms = [...monitoring.matchAll(/this\.alarm\('(\w+)'/g)].map(([, alarm]) => alarm ?? '');
  expect(alarms.length).toBeGreaterThanOrEqual(5);
  const [symptoms = ''] = readFileSync('docs/operations.md', 'utf8').split('### ');
  expect(alarms.filter((alarm) => !new RegExp(`alarm (?:\`\\w+\` or )?\`${alarm}\``).test(symptoms))).toEqual([]);
});
