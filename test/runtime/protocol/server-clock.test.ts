import fc from 'fast-check';
import { latestTimeAt, parseDateHeader, ServerClock } from '../../../runtime/protocol/server-clock.js';
import { anyText } from './arbitraries.js';

const SERVER = Date.UTC(2026, 0, 1, 12);
const floorToSecond = (ms: number): number => Math.floor(ms / 1000) * 1000;

describe('the floor of DynamoDB’s time', () => {
  test('is not known before an answer told it, nor from one without a Date', () => {
    const clock = new ServerClock();
    clock.hear(5, undefined);

    expect(clock.floorMs(10)).toBeUndefined();
  });

  test('is what the newest answer said, and what passed since its arrival', () => {
    const clock = new ServerClock();
    clock.hear(1000, SERVER);
    clock.hear(2000, SERVER + 5000);
    clock.hear(3000, undefined);

    expect(clock.floorMs(2000)).toBe(SERVER + 5000);
    expect(clock.floorMs(12_000)).toBeCloseTo(SERVER + 15_000 - 10, 3);
  });

  test('is never ahead of it, however the local clock runs, and whenever the answer came', () => {
    const run = fc.record({
      answeredMs: fc.nat(10_000),
      onItsWayMs: fc.nat(5000),
      laterMs: fc.nat(10 ** 8),
      rate: fc.double({ min: 1 - 500e-6, max: 1 + 500e-6, noNaN: true }),
      stoodStillMs: fc.nat(10_000),
    });
    fc.assert(
      fc.property(run, ({ answeredMs, onItsWayMs, laterMs, rate, stoodStillMs }) => {
        const arrivedMs = answeredMs + onItsWayMs;
        const clock = new ServerClock();
        clock.hear(arrivedMs * rate, floorToSecond(SERVER + answeredMs));
        const nowMs = arrivedMs + Math.max(laterMs, stoodStillMs);

        expect(clock.floorMs((nowMs - stoodStillMs) * rate)).toBeLessThanOrEqual(SERVER + nowMs);
      }),
    );
  });
});

describe('the corrected clock', () => {
  test('is the local one until an answer says otherwise', () => {
    expect(new ServerClock().nowMs(SERVER)).toBe(SERVER);
  });

  test.each([-3_600_000, -8000, 8000, 3_600_000])('makes good a local clock that is %p ms off', (offMs) => {
    const clock = new ServerClock();
    const local = SERVER + offMs;

    clock.learn(local, local + 10, SERVER);

    expect(Math.abs(clock.nowMs(local) - SERVER)).toBeLessThanOrEqual(1010);
  });

  test('leaves a local clock alone that agrees within the header’s grain', () => {
    const clock = new ServerClock();
    clock.learn(SERVER + 400, SERVER + 420, SERVER);

    expect(clock.nowMs(SERVER)).toBe(SERVER);
  });

  test('lies, after every answer, within what that answer allows', () => {
    const answer = fc.record({
      sentWallMs: fc.nat(10 ** 7),
      tookMs: fc.nat(5000),
      offMs: fc.integer({ min: -20_000, max: 20_000 }),
    });
    fc.assert(
      fc.property(fc.array(answer, { minLength: 1 }), (answers) => {
        const clock = new ServerClock();
        for (const { sentWallMs, tookMs, offMs } of answers) {
          const receivedWallMs = sentWallMs + tookMs;
          const dateMs = floorToSecond(SERVER + sentWallMs + tookMs / 2 - offMs);
          clock.learn(sentWallMs, receivedWallMs, dateMs);

          expect(clock.nowMs(receivedWallMs)).toBeGreaterThanOrEqual(dateMs);
          expect(clock.nowMs(sentWallMs)).toBeLessThanOrEqual(dateMs + 1000);
        }
      }),
    );
  });

  test('goes by the newest answer where two contradict each other', () => {
    const clock = new ServerClock();
    clock.learn(SERVER, SERVER + 10, SERVER + 60_000);
    clock.learn(SERVER + 20, SERVER + 30, SERVER - 60_000);

    expect(clock.nowMs(SERVER + 30)).toBeLessThanOrEqual(SERVER - 59_000 + 10);
  });

  test('knows once an answer came without a Date, and does not forget it', () => {
    const clock = new ServerClock();
    clock.learn(SERVER, SERVER, SERVER);
    expect(clock.timed).toBe(true);

    clock.learn(SERVER, SERVER, undefined);
    clock.learn(SERVER, SERVER, SERVER);

    expect(clock.timed).toBe(false);
  });
});

test('what DynamoDB’s time is at least counts on from the newest answer with a Date, a thousandth slower', () => {
  const clock = new ServerClock();
  clock.hear(500, undefined);
  expect(clock.floorMs(1000)).toBeUndefined();

  clock.hear(1000, SERVER);
  expect(clock.floorMs(1000)).toBe(SERVER);
  expect(clock.floorMs(11_000)).toBe(SERVER + 9990);
  clock.hear(12_000, undefined);
  expect(clock.floorMs(21_000)).toBe(SERVER + 19_980);
  clock.hear(22_000, SERVER + 5000);
  expect(clock.floorMs(23_000)).toBe(SERVER + 5999);
});

test('a Date stands for a second, and another front end may be two ahead', () => {
  expect(latestTimeAt(SERVER)).toBe(SERVER + 3000);
});

test('what DynamoDB’s time is at most counts on from the newest answer with a Date, a thousandth faster', () => {
  const clock = new ServerClock();
  clock.hear(500, undefined);
  expect(clock.ceilingMs(1000)).toBeUndefined();

  clock.hear(1000, SERVER);
  expect(clock.ceilingMs(1000)).toBe(SERVER + 3000);
  expect(clock.ceilingMs(11_000)).toBe(SERVER + 13_010);
  clock.hear(22_000, SERVER + 5000);
  expect(clock.ceilingMs(23_000)).toBe(SERVER + 9001);
});

test('nothing is known of DynamoDB’s time where answers came, and none had a Date', () => {
  const clock = new ServerClock();
  expect(clock.isDark).toBe(false);

  clock.learn(SERVER, SERVER, undefined);
  expect(clock.isDark).toBe(true);

  clock.hear(1000, SERVER);
  expect(clock.isDark).toBe(false);

  const dated = new ServerClock();
  dated.learn(SERVER, SERVER, SERVER);
  expect(dated.isDark).toBe(false);
});

describe('a Date header', () => {
  test('is read to the second', () => {
    expect(parseDateHeader('Thu, 01 Jan 2026 12:00:00 GMT')).toBe(SERVER);
  });

  test('is read as any HTTP server writes it', () => {
    const dates = fc.date({ min: new Date(0), max: new Date('6000-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(dates, (date) => {
        expect(parseDateHeader(date.toUTCString())).toBe(floorToSecond(date.getTime()));
      }),
    );
  });

  test.each([
    undefined,
    null,
    0,
    '',
    'Thu, 01 Jan 2026 12:00:00',
    'Thu, 01 Jan 2026 12:00:00 CET',
    'Thu, 01 Jan 2026 25:00:00 GMT',
    'Thu, 01 Foo 2026 12:00:00 GMT',
    'Thu, 01 Jan 1960 12:00:00 GMT',
    'Sat, 01 Jan 9000 12:00:00 GMT',
    '2026-01-01T12:00:00Z',
    'Thu, 01 Jan 2026 12:00:00 GMT+0100',
    'on Thu, 01 Jan 2026 12:00:00 GMT',
    ['Thu, 01 Jan 2026 12:00:00 GMT'],
    'now',
  ])('that reads %p is none', (value) => {
    expect(parseDateHeader(value)).toBeUndefined();
  });

  test('never throws, and never gives what is no stamp', () => {
    const almost = fc
      .tuple(fc.string(), fc.nat(99), fc.string({ maxLength: 3 }), fc.nat(9999))
      .map(([day, date, month, year]) => `${day}, ${date} ${month} ${year} 12:00:00 GMT`);
    fc.assert(
      fc.property(fc.oneof(fc.anything(), anyText(), almost), (value) => {
        const dateMs = parseDateHeader(value);

        expect(dateMs === undefined || (Number.isInteger(dateMs) && dateMs >= 0)).toBe(true);
      }),
    );
  });
});
