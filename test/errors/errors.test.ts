import { readFileSync } from 'node:fs';
import * as client from '../../runtime/index.js';
import { TOOL } from './command-line.js';
import { PAGE, type Provoked, pageOf, provokedErrors, SYNTH } from './page.js';
import { type Shape, shapesIn } from './shapes.js';

let errors: readonly Provoked[];
beforeAll(async () => {
  errors = await provokedErrors();
}, 120_000);

test('the page has the messages as they are now: else npm run record:errors', () => {
  expect(readFileSync(PAGE, 'utf8')).toBe(pageOf(errors));
});

test('each stands below the class that it is of', () => {
  expect(errors.filter(({ error, section }) => error.name !== section)).toEqual([]);
});

test('every class of errors that can be imported is there', () => {
  const classes = Object.entries(client).flatMap(([name, value]) =>
    typeof value === 'function' && value.prototype instanceof Error ? [name] : [],
  );
  expect(classes.length).toBeGreaterThan(9);
  expect(new Set(errors.map(({ section }) => section))).toEqual(new Set([...classes, SYNTH, TOOL]));
});

test('and every reason for which a lock can be lost', () => {
  const [, union = ''] = /type LockLostReason =([^;]+);/.exec(readFileSync('runtime/errors.ts', 'utf8')) ?? [];
  const reasons = [...union.matchAll(/'([\w-]+)'/g)].map(([, reason]) => reason);
  expect(reasons.length).toBeGreaterThan(5);
  const seen = errors.flatMap(({ error }) => (error instanceof client.LockLostError ? [error.reason] : []));
  expect(new Set(seen)).toEqual(new Set(reasons));
});

test('each message about one lock names the lock and its table', () => {
  const about = errors.filter(({ error }) => (error as client.LynkError).lockName !== undefined);
  expect(about.length).toBeGreaterThan(30);
  const silent = about.filter(
    ({ error, section }) => section !== 'CannotDeserializeError' && !/table "my-locks"/.test(error.message),
  );
  expect(silent).toEqual([]);
});

/** What is left out, by its fixed words, and why. */
const LEFT_OUT: readonly (readonly [RegExp, string])[] = [
  [/its entry kept changing between read and write/, 'five changes, each between a read and a write'],
  [/nothing ran in this process for/, 'a blocked event loop, or a frozen sandbox'],
  [/DynamoDB answered too late to leave half of a lease/, 'answers that are late, and a clock that is far behind'],
  [/was not taken over: /, 'answers that are late, or whoever waits has given up at that moment'],
  [/whether the transaction was carried out is not known/, 'a transaction of DynamoDB, which test locks have none of'],
  [/`tableArn` names no table/, 'an ARN without its last part, which is refused for its form before'],
  [/the AWS SDK is not installed/, 'an installation without it'],
  [/--svg cannot be written/, 'a table to look at, and then no file to draw into'],
  [/changes hands faster than it can be asked for/, 'eight holders, each between two requests'],
  [/has not confirmed in/, 'a quarter of an hour without DynamoDB'],
  [/one acquisition has at most/, 'thousands of steps'],
  [/no answer from DynamoDB to /, 'the command line, which says it in its own words'],
];

const isLeftOut = ({ pattern }: Shape): boolean => LEFT_OUT.some(([words]) => words.test(pattern.source));

test('no message can be thrown that the page does not show', () => {
  // Those of the test kit are for whoever writes a test, and name the mistake themselves.
  const shapes = [...shapesIn('runtime', ['testing/']), ...shapesIn('lib'), ...shapesIn('bin/cli')];
  expect(shapes.length).toBeGreaterThan(100);
  const unseen = shapes.filter((shape) => !errors.some(({ error }) => shape.pattern.test(error.message)));
  expect(unseen.filter((shape) => !isLeftOut(shape)).map(({ where, pattern }) => `${where} ${pattern.source}`)).toEqual(
    [],
  );
  // And nothing is left out that is shown, or gone.
  expect(LEFT_OUT.filter(([words]) => !unseen.some(({ pattern }) => words.test(pattern.source)))).toEqual([]);
});
