import { getEventListeners, getMaxListeners } from 'node:events';
import { orAborted, whenAborted } from '../../../runtime/core/abort.js';
import type { HeldLock } from '../../../runtime/options/held-lock.js';
import { StickyLock } from '../../../runtime/recipes/sticky-lock.js';
import { errorOf, Setting, type TestProcess, watched } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let stop: AbortController;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  stop = new AbortController();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const listeners = (): number => getEventListeners(stop.signal, 'abort').length;
const forty = <T>(call: (index: number) => Promise<T>): Promise<T>[] => Array.from({ length: 40 }, (_, i) => call(i));

describe('a signal of the caller’s has one listener', () => {
  const work = (): Promise<void> => setting.time.sleep(300);
  const options = () => ({ signal: stop.signal, waitSeconds: 600 });

  test.each([
    ['40 holds', (i: number) => us.factory().withLock(`a/${i}`, options(), work)],
    ['40 that wait for one lock', () => us.factory().withLock('a', options(), work)],
    ['40 that hold two locks each', (i: number) => us.factory().withLocks([`a/${i}`, `b/${i}`], options(), work)],
    ['a semaphore', () => us.factory().createSemaphore('a', { permits: 30 }).withPermit(options(), work)],
    [
      '40 single flights',
      (i: number) =>
        us.factory().singleFlight(`a/${i}`, { ...options(), freshSeconds: 9 }, async () => void (await work())),
    ],
    ['40 looks', () => us.factory().inspect('a', { signal: stop.signal })],
  ] as const)('for %s, and none when they are over', async (_, call) => {
    const calls = Promise.all(forty<unknown>(call));
    let most = 0;
    for (let passed = 0; passed < 200; passed += 1) {
      most = Math.max(most, listeners());
      await pass(3);
    }
    await until(calls);

    expect(most).toBe(1);
    expect(listeners()).toBe(0);
  });

  test('for 40 refreshes, releases and hand-overs', async () => {
    const holds = await until(Promise.all(forty((i) => us.factory().createLock(`a/${i}`).acquire())));
    const { signal } = stop;
    const calls = [
      ...holds.slice(0, 20).map((held) => held.refresh({ signal })),
      ...holds.slice(20, 30).map((held) => held.release({ signal })),
      ...holds.slice(30).map((held) => held.serialize({ signal })),
    ];
    await pass(0);
    expect(listeners()).toBe(1);

    await until(Promise.all(calls));
    await pass(0);

    expect(listeners()).toBe(0);
  });

  test('and each of them hears of it', async () => {
    const calls = forty((i) =>
      us
        .factory()
        .createLock(`a/${i % 20}`)
        .acquire({ signal: stop.signal })
        .then((held) => held.signal),
    );
    const [holders, waiters] = [calls.slice(0, 20), calls.slice(20).map((call) => watched(call))];
    const signals = await until(Promise.all(holders));

    stop.abort('enough');
    await pass(100);

    expect(signals.map(({ reason }) => reason)).toEqual(signals.map(() => 'enough'));
    expect(waiters.map(({ error }) => error)).toEqual(waiters.map(() => 'enough'));
  });
});

describe('a signal of ours may be given to any number of requests', () => {
  const most = ({ signal }: Pick<HeldLock, 'signal'>): number => getMaxListeners(signal);

  test.each([
    ['a hold', () => us.factory().withLock('a', most)],
    ['several locks', () => us.factory().withLocks(['a', 'b'], most)],
    ['a permit', () => us.factory().createSemaphore('a', { permits: 2 }).withPermit(most)],
    ['a use of a sticky lock', () => new StickyLock(() => us.factory().createLock('a'), {}).use(undefined, most)],
  ] as const)('%s', async (_, call) => {
    expect(await until(call())).toBe(Infinity);
    // What stays lapses, so that it is not left to be given back by another test's signal.
    await pass(10_000);
  });

  test('of a request', async () => {
    const seen: number[] = [];
    const { acquire } = us.store;
    us.store.acquire = (entry, expired, signal) => {
      seen.push(getMaxListeners(signal));
      return acquire.call(us.store, entry, expired, signal);
    };

    await until(us.factory().createLock('a').acquire());

    expect(seen).toEqual([Infinity]);
  });
});

describe('whenAborted', () => {
  test('calls back once, whoever has not stopped listening', () => {
    const calls = [jest.fn(), jest.fn(), jest.fn()] as const;
    const [, stopSecond] = calls.map((call) => whenAborted(stop.signal, call));
    stopSecond?.();

    stop.abort();

    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 1]);
  });

  test('calls back at once where it has aborted already', () => {
    stop.abort();
    const call = jest.fn();

    whenAborted(stop.signal, call)();

    expect(call).toHaveBeenCalledTimes(1);
    expect(listeners()).toBe(0);
  });

  test('does not call whoever stops while others are told', () => {
    let stopSecond = (): void => {};
    const second = jest.fn();
    whenAborted(stop.signal, () => stopSecond());
    stopSecond = whenAborted(stop.signal, second);

    stop.abort();

    expect(second).not.toHaveBeenCalled();
  });

  test('listens anew after all have stopped, and a stop that comes twice stops nobody else', () => {
    const [first, second] = [jest.fn(), jest.fn()];
    const stopFirst = whenAborted(stop.signal, first);
    stopFirst();
    whenAborted(stop.signal, second);
    stopFirst();

    stop.abort();

    expect([first, second].map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
  });
});

test('orAborted of a promise that rejects after the abort leaves no rejection unhandled', async () => {
  stop.abort('enough');

  expect(await errorOf(orAborted(Promise.reject(new Error('late')), stop.signal))).toBe('enough');
});
