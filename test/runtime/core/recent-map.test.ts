import { RecentMap } from '../../../runtime/core/recent-map.js';

const mapOf = (limit: number, mayGo: (value: string) => boolean = () => true): RecentMap<string> =>
  new RecentMap<string>(limit, mayGo);
const keysIn = (map: RecentMap<string>, keys: string): string =>
  [...keys].filter((key) => map.get(key) !== undefined).join('');
const add = (map: RecentMap<string>, keys: string): void => {
  for (const key of keys) map.getOrAdd(key, () => key);
};

test('makes a value once', () => {
  const map = mapOf(3);
  const create = jest.fn(() => 'made');

  expect([map.getOrAdd('a', create), map.getOrAdd('a', create), map.get('a')]).toEqual(['made', 'made', 'made']);
  expect(create).toHaveBeenCalledTimes(1);
});

test('beyond its limit forgets what was asked for least recently', () => {
  const map = mapOf(3);
  add(map, 'abc');
  add(map, 'a');
  add(map, 'd');

  expect(keysIn(map, 'abcd')).toBe('acd');
});

test('keeps what may not go, beyond its limit if it has to', () => {
  const map = mapOf(2, (value) => value !== 'a' && value !== 'b');
  add(map, 'abcd');
  expect(keysIn(map, 'ab')).toBe('ab');
});

test('keeps what was asked for just now: its caller is about to use it', () => {
  const map = mapOf(2, (value) => value !== 'a' && value !== 'b');
  add(map, 'abc');

  expect(keysIn(map, 'abc')).toBe('abc');
});

test('a call looks at two values at most, however many may not go', () => {
  const mayGo = jest.fn((value: number) => value >= 1000);
  const map = new RecentMap<number>(10, mayGo);
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`busy ${value}`, () => value);
  mayGo.mockClear();
  for (let value = 1000; value < 11_000; value += 1) map.getOrAdd(`idle ${value}`, () => value);

  expect(mayGo.mock.calls.length).toBeLessThanOrEqual(20_000);
  expect(map.size).toBeLessThan(2200);
});

test('falls back to its limit once they may go', () => {
  let mayGo = false;
  const map = new RecentMap<string>(10, () => mayGo);
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`busy ${value}`, () => 'busy');
  mayGo = true;
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`idle ${value}`, () => 'idle');

  expect(map.size).toBe(10);
  expect(map.get('idle 999')).toBe('idle');
});

test('gives up what is taken out', () => {
  const map = mapOf(3);
  add(map, 'ab');

  expect([map.take('a'), map.take('a'), keysIn(map, 'ab')]).toEqual(['a', undefined, 'b']);
});
