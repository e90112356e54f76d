import fc from 'fast-check';
import { Crowd } from '../../../runtime/protocol/crowd.js';
import { pollDelayMs } from '../../../runtime/protocol/schedule.js';

const MINUTE_MS = 60_000;

test('a lock that nobody is seen to want is not crowded', () => {
  expect(new Crowd().at(0)).toBe(1);
  expect(new Crowd().at(1e9)).toBe(1);
});

test('lost races make looks rarer, races won more frequent, never more than 30 times and never less than once', () => {
  const crowd = new Crowd();
  crowd.lostRace(0);
  expect(crowd.at(0)).toBe(1.5);
  crowd.lostRace(0);
  expect(crowd.at(0)).toBe(2.25);
  for (let races = 0; races < 20; races += 1) crowd.lostRace(0);
  expect(crowd.at(0)).toBe(30);
  crowd.passedBy(0);
  expect(crowd.at(0)).toBe(30);
  crowd.wonRace(0);
  expect(crowd.at(0)).toBe(15);
  for (let races = 0; races < 20; races += 1) crowd.wonRace(0);
  expect(crowd.at(0)).toBe(1);
});

test('holders that pass by, and throttling, make looks rarer', () => {
  const crowd = new Crowd();
  for (let holders = 0; holders < 20; holders += 1) crowd.passedBy(0);
  expect(crowd.at(0)).toBeCloseTo(2);
  crowd.throttled(0);
  expect(crowd.at(0)).toBeCloseTo(2.4);
});

test('without news, half of a crowd has gone after a minute', () => {
  const crowd = new Crowd();
  for (let races = 0; races < 20; races += 1) crowd.lostRace(5000);
  expect(crowd.at(5000 + MINUTE_MS)).toBeCloseTo(15);
  crowd.passedBy(5000 + MINUTE_MS);
  expect(crowd.at(5000 + 2 * MINUTE_MS)).toBeCloseTo(15.05 / 2);
  expect(crowd.at(5000 + 100 * MINUTE_MS)).toBe(1);
});

test('whatever the news, looks are between 10 ms and 7.65 s apart', () => {
  const news = fc.constantFrom('lostRace', 'wonRace', 'passedBy', 'throttled');
  const history = fc.array(fc.tuple(news, fc.nat(MINUTE_MS)), { maxLength: 200 });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(history, fc.nat(50), random, (told, look, fraction) => {
      const crowd = new Crowd();
      let nowMs = 0;
      for (const [what, laterMs] of told) {
        nowMs += laterMs;
        crowd[what](nowMs);
      }
      const delayMs = pollDelayMs(look, fraction, crowd.at(nowMs));
      expect(delayMs).toBeGreaterThanOrEqual(10);
      expect(delayMs).toBeLessThanOrEqual(7650);
    }),
  );
});
