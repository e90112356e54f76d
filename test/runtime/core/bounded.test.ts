import { BoundedMap, BoundedSet } from '../../../runtime/core/bounded.js';

const mapOf = (limit: number, mayEvict: (value: string) => boolean = () => true): BoundedMap<string> =>
  new BoundedMap<string>(limit, mayEvict);
const keysIn = (map: BoundedMap<string>, keys: string): string =>
  [...keys].filter((key) => map.get(key) !== undefined).join('');
const add = (map: BoundedMap<string>, keys: string): void => {
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
  const mayEvict = jest.fn((value: number) => value >= 1000);
  const map = new BoundedMap<number>(10, mayEvict);
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`busy ${value}`, () => value);
  mayEvict.mockClear();
  for (let value = 1000; value < 11_000; value += 1) map.getOrAdd(`idle ${value}`, () => value);

  expect(mayEvict.mock.calls.length).toBeLessThanOrEqual(20_000);
  expect(map.size).toBeLessThan(2200);
});

test('falls back to its limit once they may go', () => {
  let mayEvict = false;
  const map = new BoundedMap<string>(10, () => mayEvict);
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`busy ${value}`, () => 'busy');
  mayEvict = true;
  for (let value = 0; value < 1000; value += 1) map.getOrAdd(`idle ${value}`, () => 'idle');

  expect(map.size).toBe(10);
  expect(map.get('idle 999')).toBe('idle');
});

test('gives up what is taken out', () => {
  const map = mapOf(3);
  add(map, 'ab');

  expect([map.take('a'), map.take('a'), keysIn(map, 'ab')]).toEqual(['a', undefined, 'b']);
});

describe('a bounded set', () => {
  const keysOf = (set: BoundedSet, keys: string): string => [...keys].filter((key) => set.has(key)).join('');

  function setOf(limit: number, keys: string): BoundedSet {
    const set = new BoundedSet(limit);
    for (const key of keys) set.add(key);
    return set;
  }

  test('has what was added, and nothing else', () => {
    expect(keysOf(setOf(4, 'ab'), 'abc')).toBe('ab');
  });

  test.each([
    ['abcd', 'abcd'],
    ['abcde', 'cde'],
    ['abcdef', 'cdef'],
    ['abcdefg', 'efg'],
  ])('after %s, with a limit of four, has %s', (added, left) => {
    expect(keysOf(setOf(4, added), added)).toBe(left);
  });

  test('what is added again is as recent as what is new', () => {
    expect(keysOf(setOf(4, 'abcdaef'), 'abcdef')).toBe('aef');
  });
});
