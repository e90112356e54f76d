import { RecentSet } from '../../../runtime/core/recent-set.js';

const keysIn = (set: RecentSet, keys: string): string => [...keys].filter((key) => set.has(key)).join('');

function setOf(limit: number, keys: string): RecentSet {
  const set = new RecentSet(limit);
  for (const key of keys) set.add(key);
  return set;
}

test('has what was added, and nothing else', () => {
  expect(keysIn(setOf(4, 'ab'), 'abc')).toBe('ab');
});

test.each([
  ['abcd', 'abcd'],
  ['abcde', 'cde'],
  ['abcdef', 'cdef'],
  ['abcdefg', 'efg'],
])('after %s, with a limit of four, has %s', (added, left) => {
  expect(keysIn(setOf(4, added), added)).toBe(left);
});

test('what is added again is as recent as what is new', () => {
  expect(keysIn(setOf(4, 'abcdaef'), 'abcdef')).toBe('aef');
});
