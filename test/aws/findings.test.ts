import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentionFinding, grantFinding } from './checks.js';
import { bill, totalOf } from './cost.js';
import { clockFinding, clockTable, differences } from './dates.js';
import { added } from './functions/dates.js';
import type { FrontEnd } from './functions/task.js';
import { isGood } from './report.js';
import { zipped } from './zip.js';

/** What a front end's answers give, whose clock is ahead by so much. Each takes 10 ms. */
function frontEnd(address: string, aheadMs: number, answers = 500): FrontEnd {
  let known: FrontEnd | undefined;
  for (let index = 0; index < answers; index += 1) {
    const sentMs = 1_800_000_000_000 + index * 37;
    const date = new Date(Math.floor((sentMs + 5 + aheadMs) / 1000) * 1000).toUTCString();
    known = added(known, address, { sentMs, receivedMs: sentMs + 10, date });
  }
  if (!known) throw new Error('no answer');
  return known;
}

describe('the clocks of front ends', () => {
  test('a difference is found from dates that are cut to seconds, to some 10 ms', () => {
    const found = differences([frontEnd('a', 0), frontEnd('b', 700), frontEnd('c', -300)]);
    expect(found.answers).toBe(1500);
    expect(found.atLeastMs).toBeLessThanOrEqual(1000);
    expect(found.atLeastMs).toBeGreaterThan(950);
    expect(found.atMostMs).toBeGreaterThanOrEqual(1000);
    expect(found.atMostMs).toBeLessThan(1050);
    expect(clockFinding(found, true).outcome).toBe('passed');
    expect(clockTable(found)).toHaveLength(5);
  });

  test('none is claimed where one clock explains all', () => {
    expect(differences([frontEnd('a', 0), frontEnd('b', 0)]).atLeastMs).toBe(0);
  });

  test('too much fails, also behind one address, and by a stand-in', () => {
    expect(clockFinding(differences([frontEnd('a', 0), frontEnd('b', 2400)]), true).outcome).toBe('failed');
    expect(clockFinding(differences([frontEnd('a', 0), frontEnd('a', 2400)]), true).outcome).toBe('failed');
    expect(clockFinding(differences([frontEnd('a', 0), frontEnd('a', 2400)]), false).outcome).toBe('failed');
  });

  test('a stand-in’s one clock is not checked', () => {
    expect(clockFinding(differences([frontEnd('a', 0)]), false).outcome).toBe('not checked');
  });

  test('an answer without a date is an error', () => {
    expect(() => added(undefined, 'a', { sentMs: 0, receivedMs: 1, date: undefined })).toThrow('Date is undefined');
  });
});

test('a lost update fails; where none was lost without the lock either, nothing was checked', () => {
  const of = 45;
  const outcome = (without: number, counted: number, kinds = 3) =>
    contentionFinding('contention', { counted: without, of }, { counted, of, kinds }).outcome;
  expect([outcome(20, 45), outcome(20, 44), outcome(45, 44)]).toEqual(['passed', 'failed', 'failed']);
  expect([outcome(45, 45), outcome(20, 45, 2)]).toEqual(['not checked', 'not checked']);
});

test('a grant that denies nothing fails; by a stand-in it is not checked', () => {
  const denied = '{"errorMessage":"permission dynamodb:UpdateItem is missing; grant it"}';
  const outcome = (...args: Parameters<typeof grantFinding>) => grantFinding(...args).outcome;
  expect(outcome({}, denied, true)).toBe('passed');
  expect(outcome({}, {}, true)).toBe('failed');
  expect(outcome({}, {}, false)).toBe('not checked');
  expect(outcome(denied, denied, true)).toBe('failed');
  expect(outcome({}, 'Task timed out', true)).toBe('failed');
});

test('only what failed makes a run fail, and one without checks', () => {
  const of = (outcome: 'passed' | 'failed' | 'not checked') => ({ name: 'check', outcome, said: '' });
  expect([isGood([of('passed'), of('not checked')]), isGood([of('passed'), of('failed')]), isGood([])]).toEqual([
    true,
    false,
    false,
  ]);
});

test('the bill, by hand', () => {
  const requests = [{ GetItem: 1_000_000, UpdateItem: 100_000, DeleteItem: 100_000 }];
  const lines = bill({ requests, withoutReport: 1, billedMs: [1_000_000, 500_000] });
  // 0.2 M writes and 20, 1 M reads, 2 invocations, 1,500 GB-seconds, 10 KB of logs.
  const dollars = 0.2 * 0.625 + 20 * 0.625e-6 + 0.125 + 2 * 0.2e-6 + 1500 * 0.0000166667 + 1e-5 * 0.5;
  expect(totalOf(lines)).toBeCloseTo(dollars, 7);
});

test('the archive of a function’s code is read by others', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'));
  const content = 'exports.handler = async () => "ä";\n'.repeat(1000);
  writeFileSync(join(folder, 'code.zip'), zipped('index.js', content));
  execFileSync('python3', ['-m', 'zipfile', '--test', join(folder, 'code.zip')]);
  execFileSync('python3', ['-m', 'zipfile', '--extract', join(folder, 'code.zip'), folder]);
  expect(readFileSync(join(folder, 'index.js'), 'utf8')).toBe(content);
  expect(statSync(join(folder, 'index.js')).isFile()).toBe(true);
});
