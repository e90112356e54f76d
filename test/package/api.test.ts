import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ApiReport, apiReports, ENTRIES, exportedBy, REVIEWED } from './api.js';

let reports: readonly ApiReport[];
beforeAll(() => {
  reports = apiReports();
});

const reportOf = (entry: string): ApiReport => {
  const report = reports.find((one) => one.entry === entry);
  if (!report) throw new Error(`no report of ${entry}`);
  return report;
};

test('there is a report of every entry point, and of nothing else', () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };
  expect(new Set(Object.keys(ENTRIES))).toEqual(new Set(Object.keys(exports).filter((entry) => !/json$/.test(entry))));
  expect(new Set(readdirSync(REVIEWED))).toEqual(new Set(reports.map(({ file }) => file)));
});

test.each(Object.keys(ENTRIES))(
  'what %s exports is what was reviewed: else npm run api, and look at the difference',
  (entry) => {
    const { file, text } = reportOf(entry);
    expect(text).toBe(readFileSync(join(REVIEWED, file), 'utf8'));
  },
);

/** The base of `LockFactory`: what it shares with the locks of a bare `withLock`. Nobody makes or extends one. */
const NOT_FOR_USE = ['LockClient', 'LockStore'];

test.each(Object.keys(ENTRIES))('each type that a signature of %s names can be imported', (entry) => {
  const reachable = new Set([entry, './runtime'].flatMap((one) => [...exportedBy(reportOf(one))]));
  expect(reachable).toContain('withLock');
  expect(reportOf(entry).unreachable.filter((name) => !reachable.has(name))).toEqual(
    ['./runtime', './runtime/light'].includes(entry) ? NOT_FOR_USE : [],
  );
});

test.each(Object.keys(ENTRIES))('the comments of %s say what they mean to say', (entry) => {
  expect(reportOf(entry).faults).toEqual([]);
});

test('each public symbol of the constructs has a comment', () => {
  expect(reportOf('.').text).toContain('class LynkLockTable ');
  expect(reportOf('.').text).not.toContain('undocumented');
});
