import { createTestLocks, type VirtualTestLocks } from '../../runtime/testing/index.js';
import { handler } from './handler.js';
import { reports } from './report.js';

const MONDAY = { time: '2026-01-05T02:00:00Z' };
const TUESDAY = { time: '2026-01-06T02:00:00Z' };

let locks: VirtualTestLocks;
beforeEach(() => {
  reports.made.length = 0;
  locks = createTestLocks({ time: 'virtual' }).install();
});
afterEach(() => {
  locks.uninstall();
  jest.restoreAllMocks();
});

/** As Lambda would start it: an invocation of five minutes. */
const invoke = (event: typeof MONDAY): Promise<string> => locks.time.until(handler(event, locks.invocation(300)));

test('triggered twice at once, it runs once', async () => {
  const both = await Promise.all([invoke(MONDAY), invoke(MONDAY)]);

  expect(both).toEqual(['made', expect.stringMatching(/^left to .+/)]);
  expect(reports.made).toEqual([MONDAY.time]);
});

test('triggered again after it was done, it still runs once', async () => {
  await invoke(MONDAY);
  await locks.time.advance(240);

  expect(await invoke(MONDAY)).toMatch(/^left to /);
});

test('the next night it runs again', async () => {
  await invoke(MONDAY);
  await locks.time.advance(24 * 60 * 60);

  expect(await invoke(TUESDAY)).toBe('made');
});

test('after a failure, Lambda’s retry a minute later runs', async () => {
  jest.spyOn(reports, 'make').mockRejectedValueOnce(new Error('the printer is out of paper'));
  await expect(invoke(MONDAY)).rejects.toThrow('out of paper');
  await locks.time.advance(60);

  expect(await invoke(MONDAY)).toBe('made');
});

test('after a crash, too', async () => {
  const dead = await locks.simulate.heldByOther('nightly-report', { leaseSeconds: 20 });
  dead.crash();
  await locks.time.advance(60);

  expect(await invoke(MONDAY)).toBe('made');
});

test('another process at it is not waited for', async () => {
  await locks.simulate.heldByOther('nightly-report', { hostIdentifier: 'report/log-stream/request' });
  const begun = locks.time.now();

  expect(await invoke(MONDAY)).toBe('left to report/log-stream/request');
  expect(locks.time.now()).toEqual(begun);
});
