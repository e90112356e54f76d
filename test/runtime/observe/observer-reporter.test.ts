import type { LockAttempt, LockObserver } from '../../../runtime/observe/events.js';
import { observedWork } from '../../../runtime/observe/observer-reporter.js';

const attempt: LockAttempt = {
  lockName: 'a',
  tableName: 'locks',
  hostIdentifier: 'us',
  leaseSeconds: 10,
  requestId: undefined,
};
const observer = (runWork?: LockObserver['runWork']): LockObserver => ({
  onLockEvent: () => {},
  ...(runWork && { runWork }),
});

test('work runs inside of all observers that want it so, the first outermost', () => {
  const seen: string[] = [];
  const noting = (name: string) =>
    observer((of, work) => {
      seen.push(`${name} begins ${of.lockName}`);
      const value = work();
      seen.push(`${name} ends`);
      return value;
    });

  expect(observedWork([noting('one'), observer(), noting('two')], attempt, () => seen.push('work'))).toBe(3);
  expect(seen).toEqual(['one begins a', 'two begins a', 'work', 'two ends', 'one ends']);
});

test.each<[string, LockObserver['runWork']]>([
  ['fails before it', () => fail()],
  ['fails after it', (_, work) => fail(work())],
  ['rejects', (_, work) => Promise.reject(work()) as never],
  ['does not run it', () => 'mine' as never],
  ['runs it twice', (_, work) => [work(), work()][1] as never],
  ['returns something else', (_, work) => [work()] as never],
])('work runs once, and has its own outcome, under an observer that %s', async (_, runWork) => {
  const work = jest.fn(() => 'done');

  expect(observedWork([observer(runWork)], attempt, work)).toBe('done');
  expect(work).toHaveBeenCalledTimes(1);
  // A rejection of the observer's own would be reported by now.
  await new Promise((resolve) => setImmediate(resolve));
});

test('the error of the work is its own too', async () => {
  const error = new Error('of the work');
  const swallowing = observer((_, work) => {
    try {
      return work();
    } catch {
      return undefined as never;
    }
  });

  expect(() =>
    observedWork([swallowing], attempt, () => {
      throw error;
    }),
  ).toThrow(error);
  await expect(observedWork([swallowing], attempt, () => Promise.reject(error))).rejects.toBe(error);
});

function fail(..._: unknown[]): never {
  throw new Error('of the observer');
}
