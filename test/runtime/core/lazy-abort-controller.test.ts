import { LazyAbortController } from '../../../runtime/core/abort.js';

test('is one signal, which aborts with the reason', () => {
  const late = new LazyAbortController();
  const { signal } = late;
  const onAbort = jest.fn();
  signal.addEventListener('abort', onAbort);
  expect([late.isAborted, signal.aborted]).toEqual([false, false]);

  late.abort('enough');

  expect(late.signal).toBe(signal);
  expect([late.isAborted, signal.aborted, signal.reason]).toEqual([true, true, 'enough']);
  expect(onAbort).toHaveBeenCalledTimes(1);
});

test('that was aborted before anybody asked for it is aborted with that reason', () => {
  const late = new LazyAbortController();
  late.abort('enough');

  expect(late.isAborted).toBe(true);
  expect(late.signal.aborted).toBe(true);
  expect(late.signal.reason).toBe('enough');
});

test.each(['before', 'after'])('keeps its first reason, asked for %s it', (when) => {
  const late = new LazyAbortController();
  if (when === 'before') expect(late.signal.aborted).toBe(false);

  late.abort('first');
  late.abort('second');

  expect(late.signal.reason).toBe('first');
});
