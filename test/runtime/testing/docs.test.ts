import { readFileSync } from 'node:fs';
import { createTestLocks } from '../../../runtime/testing/index.js';

test('docs/testing.md names whatever test locks can do beyond a factory', () => {
  const text = readFileSync('docs/testing.md', 'utf8');
  const locks = createTestLocks({ time: 'virtual' });
  const methodsOf = (value: object): string[] =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(value)).filter((name) => name !== 'constructor');
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(Object.getPrototypeOf(locks)));
  const names = [
    ...methodsOf(locks.simulate),
    ...methodsOf(locks.time),
    ...own.filter((name) => name !== 'constructor'),
  ];

  expect(names).toEqual(expect.arrayContaining(['lose', 'advance', 'install']));
  for (const name of names) expect(text).toContain(`${name}(`);
});
