/** The test files of one folder. */
export interface Suite {
  readonly folder: string;
  /** These files alone. */
  readonly only?: readonly string[];
  /** Files that are left out. */
  readonly without?: readonly string[];
}

/** Source that is mutated, and the tests that ought to notice. */
export interface Part {
  readonly name: string;
  /** The files that are mutated. */
  readonly files: readonly string[];
  readonly suites: readonly Suite[];
  /** Whether the tests run without the SDK, on what light-sdk.ts has in its place. */
  readonly withoutSdk?: boolean;
  /** Percent of the mutants that have to be found. */
  readonly leastScore: number;
}

/**
 * What is mutated. Left out of the tests: what searches (the model of exclusion, the simulation), as its seconds a
 * mutant would add up to hours, and what needs processes of its own.
 */
export const PARTS: readonly Part[] = [
  {
    name: 'protocol',
    files: ['runtime/protocol/*.ts'],
    suites: [{ folder: 'test/runtime/protocol', without: ['exclusion.test.ts'] }],
    leastScore: 90,
  },
  {
    name: 'items and failures',
    files: ['runtime/store/item.ts', 'runtime/store/failure.ts'],
    // Apart, as a constant's mutant runs all tests of its part, and those of the store need a server.
    suites: [{ folder: 'test/runtime/store', only: ['item.test.ts', 'failure.test.ts'] }],
    leastScore: 80,
  },
  {
    name: 'stores',
    files: ['hold-store', 'dynamodb-store', 'guard', 'memory-store'].map((name) => `runtime/store/${name}.ts`),
    // The contract in memory alone: in DynamoDB it needs a server.
    suites: [{ folder: 'test/runtime/store', only: ['commands.test.ts', 'contract-in-memory.test.ts'] }],
    withoutSdk: true,
    leastScore: 80,
  },
  {
    name: 'hold',
    files: ['hold', 'held-state', 'lease-renewer', 'release'].map((name) => `runtime/hold/${name}.ts`),
    // Without the test of memory (client/): it makes tens of thousands of calls, which takes over half a minute.
    suites: [
      { folder: 'test/runtime/core', without: ['clock.test.ts'] },
      { folder: 'test/runtime/options', only: ['note.test.ts'] },
      // The sticky locks (recipes/) before acquire/, whose tests leave some to be given back by a signal.
      ...['observe', 'entry', 'hold', 'recipes', 'acquire', 'admin'].map((room) => ({
        folder: `test/runtime/${room}`,
      })),
      { folder: 'test/scenarios' },
    ],
    leastScore: 80,
  },
];

/** Whether the file is one of those that the pattern, a path with at most one `*`, stands for. */
export function covers(pattern: string, file: string): boolean {
  const [start = '', end] = pattern.split('*');
  return end === undefined ? file === start : file.startsWith(start) && file.endsWith(end);
}
