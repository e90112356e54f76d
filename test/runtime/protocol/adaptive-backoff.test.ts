import fc from 'fast-check';
import { AdaptiveBackoff } from '../../../runtime/protocol/adaptive-backoff.js';
import { pollDelayMs } from '../../../runtime/protocol/schedule.js';

const MINUTE_MS = 60_000;

test('a lock that nobody is seen to want is not crowded', () => {
  expect(new AdaptiveBackoff().at(0)).toBe(1);
  expect(new AdaptiveBackoff().at(1e9)).toBe(1);
});

test('lost races make polls rarer, races won more frequent, never more than 30 times and never less than once', () => {
  const backoff = new AdaptiveBackoff();
  backoff.lostRace(0);
  expect(backoff.at(0)).toBe(1.5);
  backoff.lostRace(0);
  expect(backoff.at(0)).toBe(2.25);
  for (let races = 0; races < 20; races += 1) backoff.lostRace(0);
  expect(backoff.at(0)).toBe(30);
  backoff.passedBy(0);
  expect(backoff.at(0)).toBe(30);
  backoff.wonRace(0);
  expect(backoff.at(0)).toBe(15);
  for (let races = 0; races < 20; races += 1) backoff.wonRace(0);
  expect(backoff.at(0)).toBe(1);
});

test('holders that pass by, and throttling, make polls rarer', () => {
  const backoff = new AdaptiveBackoff();
  for (let holders = 0; holders < 20; holders += 1) backoff.passedBy(0);
  expect(backoff.at(0)).toBeCloseTo(2);
  backoff.throttled(0);
  expect(backoff.at(0)).toBeCloseTo(2.4);
});

test('without news, half of a crowd has gone after a minute', () => {
  const backoff = new AdaptiveBackoff();
  for (let races = 0; races < 20; races += 1) backoff.lostRace(5000);
  expect(backoff.at(5000 + MINUTE_MS)).toBeCloseTo(15);
  backoff.passedBy(5000 + MINUTE_MS);
  expect(backoff.at(5000 + 2 * MINUTE_MS)).toBeCloseTo(15.05 / 2);
  expect(backoff.at(5000 + 100 * MINUTE_MS)).toBe(1);
});

test('whatever the news, looks are between 10 ms and 7.65 s apart', () => {
  const news = fc.constantFrom('lostRace', 'wonRace', 'passedBy', 'throttled');
  const history = fc.array(fc.tuple(news, fc.nat(MINUTE_MS)), { maxLength: 200 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(history, fc.nat(50), random, (told, look, fraction) => {
      const backoff = new AdaptiveBackoff();
      let nowMs = 0;
      for (const [what, laterMs] of told) {
        nowMs += laterMs;
        backoff[what](nowMs);
      }
      const delayMs = pollDelayMs(look, fraction, backoff.at(nowMs));
      expect(delayMs).toBeGreaterThanOrEqual(10);
      expect(delayMs).toBeLessThanOrEqual(7650);
    }),
  );
});
