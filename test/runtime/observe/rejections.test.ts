import { type Span, trace } from '@opentelemetry/api';
import { emfMetrics } from '../../../runtime/index.js';
import { lockTracing } from '../../../runtime/opentelemetry/index.js';
import type { FactorySettings } from '../../../runtime/options/options.js';
import { errorOf, Setting, type TestProcess } from '../setting.js';

/** Each function of the user's that the client calls: it returns a promise that rejects. */
const rejecting = async (): Promise<never> => {
  throw new Error('nobody hears this');
};
const unwaited = (): never => rejecting() as never;

const nothing = (): void => {};
const metric = (spoilt: string) => ({
  clearDefaultDimensions: nothing,
  addDimension: nothing,
  addMetadata: nothing,
  addMetric: nothing,
  [spoilt]: rejecting,
});
const failingSpan = {
  ...trace.wrapSpanContext({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
  spanContext: () => ({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 }),
  setAttribute: nothing,
  setAttributes: nothing,
  addEvent: nothing,
  end: nothing,
  setStatus: nothing,
  recordException: () => {
    throw new Error('nobody hears this');
  },
} as unknown as Span;
const tracerProvider = { getTracer: () => ({ startSpan: () => failingSpan }) } as never;

const METRIC_CALLS = ['clearDefaultDimensions', 'addDimension', 'addMetadata', 'addMetric'];
const TOLD: readonly (readonly [string, FactorySettings])[] = [
  ['singleMetric', { metrics: { singleMetric: unwaited } }],
  ...METRIC_CALLS.map((call) => [`${call} of a metric`, { metrics: { singleMetric: () => metric(call) } }] as const),
  ['what emfMetrics writes with', { metrics: emfMetrics({ write: unwaited }) }],
  ['onLockEvent', { observers: [{ onLockEvent: unwaited }] }],
  ['traceOf', { observers: [{ onLockEvent: nothing, traceOf: unwaited }] }],
  ['runWork', { observers: [{ onLockEvent: nothing, runWork: unwaited }] }],
  ['a logger', { logger: { warn: unwaited, info: unwaited, debug: unwaited } }],
  ['a tracer', { observers: [lockTracing({ tracerProvider })] }],
];

let setting: Setting;
let us: TestProcess;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
/** Jest fails a test in whose time a rejection goes unhandled, which it is once all microtasks have run. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

test.each(TOLD)('a rejection of %s goes no further, and breaks no lock', async (_, settings) => {
  const factory = us.factory(settings);

  expect(await until(factory.withLock('a', async () => 'done'))).toBe('done');
  expect(await until(errorOf(factory.withLock('a', rejecting)))).toEqual(new Error('nobody hears this'));
  const held = await until(factory.createLock('a').acquire());
  expect(await until(factory.createLock('a').tryAcquire())).toBeUndefined();
  setting.table.items.clear();
  await until(errorOf(held.refresh()));
  await settled();
});

test('a rejection of onMalformed is the listing’s', async () => {
  setting.table.items.set('broken', { lockKey: { S: 'broken' } });
  const list = async (): Promise<void> => {
    for await (const _ of us.factory().list({ onMalformed: unwaited }));
  };

  expect(await until(errorOf(list()))).toEqual(new Error('nobody hears this'));
  await settled();
});
