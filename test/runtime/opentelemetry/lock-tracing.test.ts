import { setTimeout as sleep } from 'node:timers/promises';
import { context, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { LockOptionError } from '../../../runtime/errors.js';
import { lockTracing } from '../../../runtime/opentelemetry/index.js';
import { createTestLocks, type TestLocksOptions, type VirtualTestLocks } from '../../../runtime/testing/index.js';
import { PYTHONS_VERSION, Setting } from '../setting.js';

const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = tracerProvider.getTracer('of the user');
const contextManager = new AsyncLocalStorageContextManager().enable();

let locks: VirtualTestLocks;
beforeAll(() => void context.setGlobalContextManager(contextManager));
afterAll(() => context.disable());
beforeEach(() => {
  exporter.reset();
  locks = traced();
});

function traced(settings: TestLocksOptions = {}): VirtualTestLocks {
  const logger = { warn: () => {}, debug: () => {} };
  const observers = [lockTracing({ tracerProvider })];
  return createTestLocks({ hostIdentifier: 'us', logger, observers, ...settings, time: 'virtual' });
}

/** All spans of that name that have ended, the first to end first. */
const spans = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);

function only(name: string): ReadableSpan {
  const [span, ...more] = spans(name);
  if (!span || more.length > 0) throw new Error(`expected one span ${name}, there are ${spans(name).length}`);
  return span;
}

/** Runs it as the user's code would, in a span of its own. */
function inSpan<T>(name: string, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, async (span: Span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

const parentOf = (span: ReadableSpan): string | undefined =>
  exporter.getFinishedSpans().find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)?.name;

describe('a lock that is granted and released', () => {
  test('has a span for waiting and one for holding, which say which lock it is', async () => {
    const invocation = { ...locks.invocation(60), awsRequestId: 'request-7' };
    await locks.withLock('a', { leaseSeconds: 20, context: invocation }, () => locks.time.advance(30));

    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['lock.acquire', 'lock.hold']);
    const both = {
      'lynk.lock.name': 'a',
      'lynk.lock.table': 'test-locks',
      'lynk.lock.lease_seconds': 20,
      'lynk.lock.host': 'us',
      'faas.invocation_id': 'request-7',
    };
    expect(only('lock.acquire').attributes).toEqual({ ...both, 'lynk.lock.granted': true, 'lynk.lock.attempts': 1 });
    expect(only('lock.hold').attributes).toEqual({ ...both, 'lynk.lock.end': 'released' });
    for (const span of exporter.getFinishedSpans()) {
      expect(span.status).toEqual({ code: SpanStatusCode.UNSET });
      expect(span.instrumentationScope.name).toBe('cdk-lynk');
      expect(span.events).toEqual([]);
      expect(span.links).toEqual([]);
    }
  });

  test('both are children of the span where it is requested; the work’s spans are children of the hold’s', async () => {
    await inSpan('handler', async () => {
      await locks.withLock('a', async () => {
        await inSpan('load', () => sleep(1));
        await Promise.all([inSpan('save', () => sleep(1)), inSpan('notify', () => sleep(1))]);
      });
      await inSpan('afterwards', () => sleep(1));
    });

    const parents = exporter.getFinishedSpans().map((span) => [span.name, parentOf(span)]);
    expect(Object.fromEntries(parents)).toEqual({
      'lock.acquire': 'handler',
      'lock.hold': 'handler',
      load: 'lock.hold',
      save: 'lock.hold',
      notify: 'lock.hold',
      afterwards: 'handler',
      handler: undefined,
    });
    expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test('callers that queue for one lock keep to their own', async () => {
    const one = (id: number) =>
      inSpan(`handler ${id}`, () => locks.withLock('a', () => inSpan(`work ${id}`, () => sleep(1))));
    await Promise.all([1, 2, 3].map(one));

    for (const id of [1, 2, 3]) {
      const handler = only(`handler ${id}`).spanContext().spanId;
      const ofHandler = (name: string) => spans(name).filter((span) => span.parentSpanContext?.spanId === handler);
      expect(ofHandler('lock.acquire')).toHaveLength(1);
      expect(ofHandler('lock.hold')).toHaveLength(1);
      expect(only(`work ${id}`).parentSpanContext?.spanId).toBe(ofHandler('lock.hold')[0]?.spanContext().spanId);
    }
  });

  test('work need not be asynchronous', async () => {
    const inside = await locks.withLock('a', () => trace.getActiveSpan()?.spanContext().spanId);

    expect(inside).toBe(only('lock.hold').spanContext().spanId);
  });

  test('a hold from acquire has its span too, which ends with it, and is never the current one', async () => {
    await inSpan('handler', async () => {
      const held = await locks.createLock('a').acquire();
      await inSpan('work', () => sleep(1));
      expect(spans('lock.hold')).toEqual([]);
      await held.release();
    });

    expect(parentOf(only('lock.hold'))).toBe('handler');
    expect(parentOf(only('work'))).toBe('handler');
  });
});

describe('waiting', () => {
  test('says behind whom, and lasts until the lock is granted', async () => {
    const other = await locks.simulate.heldByOther('a', { hostIdentifier: 'billing-7' });
    const waiting = locks.withLock('a', () => 1);
    await locks.time.advance(3);
    expect(spans('lock.acquire')).toEqual([]);
    await other.release();
    await locks.time.until(waiting);

    const { attributes, events } = only('lock.acquire');
    expect(events.map(({ name }) => name)).toEqual(['lock.waiting']);
    expect(events[0]?.attributes).toEqual({ 'lynk.lock.holder': 'billing-7' });
    expect(attributes['lynk.lock.attempts']).toBeGreaterThan(3);
  });

  test('in vain is an error', async () => {
    await locks.simulate.heldByOther('a', { hostIdentifier: 'billing-7' });
    await expect(locks.time.until(locks.withLock('a', { waitSeconds: 2 }, () => 1))).rejects.toThrow();

    const { attributes, status, events } = only('lock.acquire');
    expect(attributes).toMatchObject({ 'lynk.lock.granted': false, 'lynk.lock.holder': 'billing-7' });
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(status.message).toContain('was not granted within 2 s');
    expect(events.map(({ name }) => name)).toEqual(['lock.waiting', 'exception']);
    expect(events[1]?.attributes).toMatchObject({ 'exception.type': 'LockNotGrantedError' });
    expect(spans('lock.hold')).toEqual([]);
  });

  test('ends where another’s result serves as well', async () => {
    const once = () => locks.singleFlight('a', { freshSeconds: 60 }, () => locks.time.sleep(1));
    await locks.time.until(Promise.all([once(), once()]));

    expect(spans('lock.hold')).toHaveLength(1);
    expect(spans('lock.acquire')).toHaveLength(2);
    const { attributes, status } = spans('lock.acquire')[1] as ReadableSpan;
    expect(attributes).toMatchObject({ 'lynk.lock.granted': false, 'lynk.lock.served': true });
    expect(status).toEqual({ code: SpanStatusCode.UNSET });
  });

  test('a try that is refused is none', async () => {
    await locks.simulate.heldByOther('a', { hostIdentifier: 'billing-7' });
    await locks.tryWithLock('a', () => 1);

    const { attributes, status, events } = only('lock.acquire');
    expect(attributes).toMatchObject({ 'lynk.lock.granted': false, 'lynk.lock.holder': 'billing-7' });
    expect(status).toEqual({ code: SpanStatusCode.UNSET });
    expect(events).toEqual([]);
  });
});

describe('a hold', () => {
  test('that is lost is an error, and says why', async () => {
    const work = () => locks.simulate.lose('a', 'taken');
    await expect(locks.time.until(locks.withLock('a', work))).rejects.toThrow('was lost');

    const { attributes, status, events } = only('lock.hold');
    expect(attributes).toMatchObject({ 'lynk.lock.end': 'lost', 'lynk.lock.lost_reason': 'taken' });
    expect(status.code).toBe(SpanStatusCode.ERROR);
    expect(status.message).toMatch(/^taken: lock "a" in table "test-locks" was lost: another-process holds it now/);
    expect(events.map(({ name, attributes: of }) => [name, of?.['exception.type']])).toEqual([
      ['exception', 'LockLostError'],
    ]);
  });

  test.each([
    ['rejects', async () => Promise.reject(new Error('of the work'))],
    [
      'throws',
      () => {
        throw new Error('of the work');
      },
    ],
  ])('whose work %s is an error, though it is released', async (_, work) => {
    await expect(locks.withLock('a', work)).rejects.toThrow(/^of the work$/);

    const { attributes, status, events } = only('lock.hold');
    expect(attributes).toMatchObject({ 'lynk.lock.end': 'released' });
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: 'of the work' });
    expect(events).toEqual([expect.objectContaining({ name: 'exception' })]);
  });

  test('says how close it came, where refreshes fail or are late', async () => {
    const held = await locks.createLock('a').acquire();
    locks.simulate.throttle({ forSeconds: 8, only: ['refresh'] });
    await locks.time.advance(12);
    expect(held.isHeld).toBe(true);
    await held.release();

    const { events, status } = only('lock.hold');
    const names = events.map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['lock.refresh_failed', 'lock.refreshed_late']));
    expect(events[0]?.attributes).toMatchObject({ 'exception.message': expect.stringContaining('rate of requests') });
    expect(events[0]?.attributes?.['lynk.lock.remaining_seconds']).toBeGreaterThan(2);
    expect(events.at(-1)?.attributes?.['lynk.lock.late_seconds']).toBeGreaterThan(2);
    expect(status).toEqual({ code: SpanStatusCode.UNSET });
  });

  test('whose release is not confirmed says so', async () => {
    locks.simulate.outage({ only: ['release'] });
    expect(await locks.time.until(locks.withLock('a', () => 'done'))).toBe('done');

    const { attributes, events } = only('lock.hold');
    expect(attributes['lynk.lock.end']).toBe('release-failed');
    expect(events).toEqual([expect.objectContaining({ name: 'exception' })]);
  });
});

test('of several locks, the work sees the last one’s span as current; all end with their holds', async () => {
  await inSpan('handler', () => locks.withLocks(['a', 'b'], () => inSpan('work', () => sleep(1))));

  const holds = spans('lock.hold');
  expect(
    holds.map(({ attributes }) => attributes['lynk.lock.name']).toSorted((a, b) => `${a}`.localeCompare(`${b}`)),
  ).toEqual(['a', 'b']);
  for (const hold of holds) expect(parentOf(hold)).toBe('handler');
  const current = holds.find((hold) => hold.spanContext().spanId === only('work').parentSpanContext?.spanId);
  expect(current?.attributes['lynk.lock.name']).toBe('b');
});

describe('a link', () => {
  test('leads from a taker to the holder that it took over from', async () => {
    const dead = await inSpan('the dead one', () => locks.createLock('a', { leaseSeconds: 5 }).acquire());
    locks.simulate.outage({ only: ['refresh'] });
    await locks.time.advance(30);
    expect(dead.isHeld).toBe(false);

    await locks.withLock('a', () => 1);

    const [former, taker] = spans('lock.acquire');
    const hold = spans('lock.hold').find(({ attributes }) => attributes['lynk.lock.end'] === 'released');
    expect(former?.spanContext().spanId).not.toBe(taker?.spanContext().spanId);
    expect(hold?.links.map(({ context: to }) => to)).toEqual([
      { traceId: former?.spanContext().traceId, spanId: former?.spanContext().spanId, traceFlags: 1, isRemote: true },
    ]);
    for (const span of [taker, hold]) expect(span?.attributes['lynk.lock.taken_over_from']).toBe('us');
  });

  test('leads from who was handed a lock to who gave it', async () => {
    const text = await (await locks.createLock('a').acquire()).serialize();
    const held = await locks.deserializeLock(text);
    await held.release();

    const [giver, receiver] = spans('lock.hold');
    expect(giver?.attributes['lynk.lock.end']).toBe('handed-over');
    expect(receiver?.links[0]?.context.spanId).toBe(spans('lock.acquire')[0]?.spanContext().spanId);
    expect(receiver?.attributes).not.toHaveProperty('lynk.lock.taken_over_from');
  });

  test('does not lead to a holder before the last', async () => {
    const setting = new Setting();
    const factory = setting.process().factory({ observers: [lockTracing({ tracerProvider })] });
    const given = await setting.time.until(factory.createLock('a').acquire());
    await setting.time.until(given.serialize());
    // Python goes on with it, and leaves alone what it does not know. Then it dies.
    const handedOver = setting.table.items.get('a');
    expect(handedOver).toHaveProperty('holderTrace');
    setting.table.items.set('a', {
      ...handedOver,
      versionNumber: { S: PYTHONS_VERSION },
      hostIdentifier: { S: 'python' },
    });

    await setting.time.until(factory.withLock('a', () => 1));

    const hold = spans('lock.hold').at(-1);
    expect(hold?.attributes['lynk.lock.taken_over_from']).toBe('python');
    expect(hold?.links).toEqual([]);
  });

  test('does not lead to a holder without traces', async () => {
    const dead = await locks.simulate.heldByOther('a', { hostIdentifier: 'untraced', leaseSeconds: 5 });
    dead.crash();
    await locks.time.advance(30);

    await locks.withLock('a', () => 1);

    expect(only('lock.hold').attributes['lynk.lock.taken_over_from']).toBe('untraced');
    expect(only('lock.hold').links).toEqual([]);
  });
});

test('without a tracer provider nothing is recorded, and locks work', async () => {
  const plain = createTestLocks({ observers: [lockTracing()] });

  expect(await plain.withLock('a', () => 'done')).toBe('done');
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('a tracer that fails breaks no lock', async () => {
  const failing = { getTracer: () => ({ startSpan: () => fail(), startActiveSpan: () => fail() }) };
  const fail = (): never => {
    throw new Error('of the tracer');
  };
  const plain = createTestLocks({ observers: [lockTracing({ tracerProvider: failing })] });

  expect(await plain.withLock('a', () => 'done')).toBe('done');
});

test.each<[unknown, RegExp]>([
  [{ provider: tracerProvider }, /lockTracing knows no option "provider"/],
  [{ tracerProvider: {} }, /tracerProvider has the method getTracer, got an object/],
])('%p is refused', (options, message) => {
  expect(() => lockTracing(options as object)).toThrow(LockOptionError);
  expect(() => lockTracing(options as object)).toThrow(message);
});
