import fc from 'fast-check';
import { LightAbortController } from './light-abort.js';

const LISTENERS = 4;

/** Actions on a signal. `which` is the index of a listener. */
const step = fc.oneof(
  fc.record({ does: fc.constant('add' as const), which: fc.nat(LISTENERS - 1), once: fc.boolean() }),
  fc.record({ does: fc.constant('remove' as const), which: fc.nat(LISTENERS - 1) }),
  fc.record({ does: fc.constant('abort' as const), reason: fc.constantFrom(undefined, null, 'enough') }),
  fc.record({ does: fc.constant('read' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Logs what a signal does under these actions. The first listener removes the second. */
function seen(controller: LightAbortController | AbortController, steps: readonly Step[]): unknown[] {
  const signal = controller.signal as AbortSignal;
  const log: unknown[] = [];
  const listeners = Array.from({ length: LISTENERS }, (_, index) => () => {
    log.push(`heard by ${index}, ${signal.aborted}`);
    if (index === 0) signal.removeEventListener('abort', listeners[1] as () => void);
  });
  for (const one of steps) {
    const listener = 'which' in one ? (listeners[one.which] as () => void) : undefined;
    if (one.does === 'add' && listener) signal.addEventListener('abort', listener, { once: one.once });
    else if (one.does === 'remove' && listener) signal.removeEventListener('abort', listener);
    else if (one.does === 'abort') controller.abort(one.reason);
    else {
      const { reason } = signal;
      log.push(signal.aborted, reason instanceof DOMException ? reason.name : reason);
      try {
        signal.throwIfAborted();
        log.push('nothing thrown');
      } catch (error) {
        log.push(error === reason);
      }
    }
  }
  return log;
}

test('a light signal does what the platform’s does', () => {
  let aborted = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const expected = seen(new AbortController(), steps);
      expect(seen(new LightAbortController(), steps)).toEqual(expected);
      if (expected.some((line) => String(line).startsWith('heard'))) aborted += 1;
    }),
    { numRuns: 2000 },
  );
  expect(aborted).toBeGreaterThan(200);
});

test('of what a listener throws the process hears, and the other listeners are called', () => {
  const later: (() => void)[] = [];
  const nextTick = jest.spyOn(process, 'nextTick').mockImplementation((call) => later.push(call as () => void));
  const other = jest.fn();
  const controller = new LightAbortController();
  controller.signal.addEventListener('abort', () => {
    throw new Error('thrown by a listener');
  });
  controller.signal.addEventListener('abort', other);
  controller.abort();
  nextTick.mockRestore();

  expect(other).toHaveBeenCalledTimes(1);
  expect(later).toHaveLength(1);
  expect(later[0]).toThrow('thrown by a listener');
});
