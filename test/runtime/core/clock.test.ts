import { type Clock, systemClock } from '../../../runtime/core/clock.js';

const set = jest.spyOn(globalThis, 'setTimeout');
const cleared = jest.spyOn(globalThis, 'clearTimeout');
afterEach(() => jest.clearAllMocks());

function timerOf(...args: Parameters<Clock['after']>): { delayMs: number | undefined; keepsAlive: boolean } {
  const timer = systemClock.after(...args);
  const keepsAlive = set.mock.results[0]?.value.hasRef();
  const delayMs = set.mock.calls[0]?.[1];
  timer.cancel();
  expect(cleared).toHaveBeenCalledWith(set.mock.results[0]?.value);
  return { delayMs, keepsAlive };
}

test('a timer keeps the process alive only where asked to', () => {
  expect(timerOf(1000, () => {})).toEqual({ delayMs: 1000, keepsAlive: false });
});

test('a timer that is asked to does', () => {
  expect(timerOf(1000, () => {}, { keepAlive: true })).toEqual({ delayMs: 1000, keepsAlive: true });
});

test.each([
  [-5, 0],
  // Beyond that, setTimeout would call back at once.
  [2 ** 40, 2 ** 31 - 1],
  [Infinity, 2 ** 31 - 1],
])('a delay of %p ms is one of %p', (delayMs, expected) => {
  expect(timerOf(delayMs, () => {})).toMatchObject({ delayMs: expected });
});

test('a timer calls back once', async () => {
  const callback = jest.fn();
  await new Promise<void>((resolve) => {
    systemClock.after(
      1,
      () => {
        callback();
        resolve();
      },
      { keepAlive: true },
    );
  });

  expect(callback).toHaveBeenCalledTimes(1);
});

test('the clocks are those of the machine', () => {
  expect(Math.abs(systemClock.wallMs() - Date.now())).toBeLessThan(1000);
  const before = systemClock.monotonicMs();
  expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
});

test('a window’s timers, which are numbers, do as well', () => {
  set.mockReturnValueOnce(7 as never);
  systemClock.after(1000, () => {}).cancel();

  expect(cleared).toHaveBeenCalledWith(7);
});
