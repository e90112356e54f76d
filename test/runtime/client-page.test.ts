import { readFileSync } from 'node:fs';
import * as errors from '../../runtime/errors.js';
import { ACQUIRE_OPTIONS, DESERIALIZE_OPTIONS, FACTORY_SETTINGS, LOCK_OPTIONS } from '../../runtime/options/options.js';

const [, options = '', told = '', members = ''] = readFileSync('docs/client.md', 'utf8').split(/^## /m);
const without = (section: string, names: readonly string[]) => names.filter((name) => !section.includes(`\`${name}`));

test('docs/client.md has every option of a factory, a lock and a call', () => {
  const names = new Set([...FACTORY_SETTINGS, ...LOCK_OPTIONS, ...ACQUIRE_OPTIONS, ...DESERIALIZE_OPTIONS, 'client']);
  expect(without(options, [...names])).toEqual([]);
});

test('and every error', () => {
  const names = Object.keys(errors).filter((name) => name.endsWith('Error'));
  expect(names.length).toBeGreaterThanOrEqual(10);
  expect(without(told, names)).toEqual([]);
});

test('and what a held lock can do', () => {
  const code = readFileSync('runtime/options/held-lock.ts', 'utf8');
  const own = code.slice(code.indexOf('export interface HeldLock {'));
  const names = [...own.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThanOrEqual(10);
  // Its name needs no explanation.
  expect(without(members, names)).toEqual(['name']);
});
