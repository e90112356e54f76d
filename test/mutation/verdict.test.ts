import type { Part } from './parts.js';
import { covers, PARTS } from './parts.js';
import type { Mutant, Report } from './report.js';
import { explainedIn, lineOf, readExplained, survivorOf } from './survivors.js';
import { type Check, judge, judgeList } from './verdict.js';

const FILE = 'runtime/a.ts';
const SOURCE = 'const a = `a`;\nif (a <\n  b) go();\n';
const COMPARED = { start: { line: 2, column: 5 }, end: { line: 3, column: 4 } };
const part: Part = { name: 'a', files: ['runtime/*.ts'], suites: [], leastScore: 80 };

const mutant = (status: Mutant['status'], more: Partial<Mutant> = {}): Mutant => ({
  status,
  mutatorName: 'EqualityOperator',
  location: COMPARED,
  replacement: 'a <= b',
  ...more,
});
const reportOf = (...mutants: readonly Mutant[]): Report => ({ files: { [FILE]: { source: SOURCE, mutants } } });
const killed = Array.from({ length: 9 }, () => mutant('Killed'));
const LIST = `# Survivors\n\n## ${FILE}\n\n- EqualityOperator: \`a < b\` → \`a <= b\`: never equal\n`;
const faultsOf = (checks: readonly Check[]): string[] => checks.flatMap(({ faults }) => faults);

test('all found, and nothing to explain, is in order', () => {
  const inCircles = mutant('Timeout', { statusReason: 'Hit limit reached (501/500)' });
  expect(judge(part, reportOf(...killed, inCircles), [])).toEqual([
    { name: 'runtime/a.ts: 10 of 10 mutants found', faults: [] },
    { name: 'a: a score of 100.0 %', faults: [] },
  ]);
});

test.each([
  ['no files', { files: {} }],
  ['a file without mutants', reportOf()],
  ['mutants that were not judged', reportOf(mutant('RuntimeError'), mutant('Ignored'), mutant('Pending'))],
  ['mutants that took too long, all of them', reportOf(mutant('Timeout'), mutant('Timeout'))],
])('a report with %s is not', (_, report) => {
  expect(faultsOf(judge(part, report, []))).toEqual(['nothing was mutated', 'at least 80 % are called for']);
});

test('a mutant that took too long, as on a slow machine, counts neither as found nor as a survivor', () => {
  const survivors = [mutant('Survived'), mutant('Survived'), mutant('Survived')];
  const [file, score] = judge(part, reportOf(...killed, ...survivors, mutant('Timeout'), mutant('Timeout')), []);

  expect(file?.name).toBe('runtime/a.ts: 9 of 12 mutants found, 2 more not judged in time');
  expect(score?.name).toBe('a: a score of 75.0 %');
});

test('each of a part’s patterns has to have found something to mutate', () => {
  const wider = { ...part, files: ['runtime/*.ts', 'runtime/gone.ts'] };

  expect(judge(wider, reportOf(...killed), [])).toContainEqual({
    name: 'runtime/gone.ts',
    faults: ['nothing was mutated'],
  });
});

test('a score below the part’s is not, explained or not', () => {
  const survivors = Array.from({ length: 3 }, () => mutant('Survived'));
  const list = explainedIn(LIST + (LIST.split('\n')[4] as string).concat('\n').repeat(2));

  expect(faultsOf(judge(part, reportOf(...killed, ...survivors), list))).toEqual(['at least 80 % are called for']);
  expect(faultsOf(judge({ ...part, leastScore: 75 }, reportOf(...killed, ...survivors), list))).toEqual([]);
});

test.each(['Survived', 'NoCoverage'] as const)('what is %s has to be explained', (status) => {
  const report = reportOf(...killed, mutant(status));

  expect(faultsOf(judge(part, report, explainedIn(LIST)))).toEqual([]);
  expect(faultsOf(judge(part, report, []))).toEqual(['not found, line 2: - EqualityOperator: `a < b` → `a <= b`:']);
});

test('one explanation is for one survivor, whatever line it is on', () => {
  const moved = mutant('Survived', { location: { start: { line: 4, column: 1 }, end: { line: 4, column: 6 } } });
  const report: Report = {
    files: { [FILE]: { source: `${SOURCE}a < b\n`, mutants: [...killed, mutant('Survived'), moved] } },
  };

  expect(faultsOf(judge(part, report, explainedIn(LIST)))).toEqual([
    'not found, line 4: - EqualityOperator: `a < b` → `a <= b`:',
  ]);
});

test.each([
  ['file', '## runtime/a.ts', '## runtime/b.ts'],
  ['mutator', '- EqualityOperator', '- ConditionalExpression'],
  ['text', '`a < b`', '`a < c`'],
  ['replacement', '`a <= b`', '`a >= b`'],
])('an explanation of another %s does not count', (_, one, other) => {
  const faults = faultsOf(judge(part, reportOf(...killed, mutant('Survived')), explainedIn(LIST.replace(one, other))));

  expect(faults).toContain('not found, line 2: - EqualityOperator: `a < b` → `a <= b`:');
});

test('an explanation of what is found by now is to go', () => {
  expect(faultsOf(judge(part, reportOf(...killed), explainedIn(LIST)))).toEqual([
    'explained, but there is no such survivor: - EqualityOperator: `a < b` → `a <= b`:',
  ]);
  // Where its tests did not end in time, nothing is known.
  expect(faultsOf(judge(part, reportOf(...killed, mutant('Timeout')), explainedIn(LIST)))).toEqual([]);
});

test('an explanation for a file that was not mutated is to go', () => {
  expect(judgeList(explainedIn(LIST), [reportOf(...killed)]).faults).toEqual([]);
  expect(judgeList(explainedIn(LIST.replace(FILE, 'runtime/gone.ts')), [reportOf(...killed)]).faults).toEqual([
    'runtime/gone.ts was not mutated',
  ]);
});

test('an explanation says why', () => {
  expect(() => explainedIn(LIST.replace(': never equal', ''))).toThrow('no survivor, or no reason: - Equality');
  expect(() => explainedIn(`${LIST}- never equal`)).toThrow('no survivor, or no reason: - never equal');
});

test.each([
  [
    'with backticks',
    mutant('Survived', { location: { start: { line: 1, column: 11 }, end: { line: 1, column: 14 } } }),
  ],
  ['of nothing', mutant('Survived', { replacement: '' })],
  ['longer than a line of the list', mutant('Survived', { replacement: `'${'a'.repeat(200)}'` })],
])('a text %s is found again by its line', (_, survived) => {
  const survivor = survivorOf(FILE, SOURCE, survived);

  expect(explainedIn(`## ${FILE}\n${lineOf(survivor)} why`)).toEqual([{ ...survivor, reason: 'why' }]);
});

test('a pattern covers the files of its folder, and a path itself', () => {
  expect(covers('runtime/*.ts', 'runtime/a.ts')).toBe(true);
  expect(covers('runtime/*.ts', 'lib/a.ts')).toBe(false);
  expect(covers('runtime/a.ts', 'runtime/a.ts')).toBe(true);
  expect(covers('runtime/a.ts', 'runtime/a.tsx')).toBe(false);
});

test('the list itself can be read, and speaks of files that are mutated', () => {
  for (const { file } of readExplained()) {
    expect(PARTS.some(({ files }) => files.some((pattern) => covers(pattern, file)))).toBe(true);
  }
});
