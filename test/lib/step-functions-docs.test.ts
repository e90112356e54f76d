import { readFileSync } from 'node:fs';

test('docs/step-functions.md names every option, state and error', () => {
  const page = readFileSync('docs/step-functions.md', 'utf8');
  const options = readFileSync('lib/lynk-lock-states-options.ts', 'utf8').matchAll(/^ {2}readonly (\w+)\??: /gm);
  const states = readFileSync('lib/lynk-lock-states.ts', 'utf8').matchAll(/(?:stateName|task|choice)\('([a-z ]+)'/g);
  const errors = readFileSync('lib/lock-outcomes.ts', 'utf8').matchAll(/'(Lock\w+Error)'/g);
  const names = [...options, ...states, ...errors].map(([, name]) => name ?? '');
  expect(names).toEqual(expect.arrayContaining(['waitDuration', 'acquire', 'draw', 'time left', 'LockLostError']));
  for (const name of names) expect(page).toContain(name);
});
