import { readFileSync } from 'node:fs';

test('docs/step-functions.md names every option, state and error', () => {
  const page = readFileSync('docs/step-functions.md', 'utf8');
  const options = readFileSync('lib/lynk-lock-states-options.ts', 'utf8').matchAll(/^ {2}readonly (\w+)\??: /gm);
  const files = ['lynk-lock-states', 'acquiring', 'acquiring-permit', 'lock-state-factory'].map(
    (file) => `lib/${file}.ts`,
  );
  const made = /(?:stateName|ask|choice|pass)\('([a-z ]+)'/g;
  const states = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(made)]);
  const errors = readFileSync('lib/lock-outcomes.ts', 'utf8').matchAll(/'(Lock\w+Error)'/g);
  const names = [...options, ...states, ...errors].map(([, name]) => name ?? '');
  expect(names).toEqual(
    expect.arrayContaining([
      'waitDuration',
      'acquire',
      'draw',
      'time left',
      'release and skip',
      'pick',
      'pause',
      'permits',
      'LockLostError',
    ]),
  );
  for (const name of names) expect(page).toContain(name);
});
