import { LYNK_VERSIONS } from './python-lynk.js';
import { Rig } from './rig.js';
import type { Counting } from './task.js';
import { killWorkers, type WorkerProcess } from './worker-process.js';

/** Of Python's sections. The others go on until those are done, so that nobody counts alone. */
const PYTHON_SECTIONS = 3;
const MANY_SECTIONS = 1000;
/** Long enough that four of ours leave the lock free now and then: Python looks at it once a lease. */
const PAUSE_MS = 400;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(killWorkers);
afterAll(() => rig.stop());

function counting(counter: string, more: Pick<Counting, 'lock' | 'leaseSeconds' | 'sections'>): Counting {
  return { counterTable: rig.counterTable, counter, workMs: 40, pauseMs: PAUSE_MS, ...more };
}

/** The same number of each kind. */
function crew(size: number, start: () => Promise<WorkerProcess>): Promise<WorkerProcess[]> {
  return Promise.all(Array.from({ length: size }, start));
}

function ascending(values: readonly number[]): number[] {
  return values.toSorted((one, other) => one - other);
}

describe.each(LYNK_VERSIONS)('lynk %s', (version) => {
  test('four workers of each kind count under one lock, and no update is lost', async () => {
    const [ours, theirs] = await Promise.all([crew(4, () => rig.typescript()), crew(4, () => rig.python(version))]);
    const [name, lock] = [`counter of ${version}`, `lock of ${version}`];
    const ourCounts = ours.map((worker) =>
      worker.count(counting(name, { lock, leaseSeconds: 2, sections: MANY_SECTIONS })),
    );
    const byPython = await Promise.all(
      theirs.map((worker) => worker.count(counting(name, { lock, leaseSeconds: 3, sections: PYTHON_SECTIONS }))),
    );
    await Promise.all(ours.map((worker) => worker.stopCounting()));
    const byUs = await Promise.all(ourCounts);

    const values = [...byPython, ...byUs].flat();
    expect(ascending(values)).toEqual(values.map((_, index) => index + 1));
    // It was contended for: each worker had its sections, and the lock went from kind to kind.
    for (const written of [...byPython, ...byUs]) expect(written).not.toHaveLength(0);
    expect(handChanges(byPython.flat(), values.length)).toBeGreaterThanOrEqual(4);
    expect(await rig.entry(lock)).toBeUndefined();
  });
});

test('without the lock, updates are lost', async () => {
  const [ours, theirs] = await Promise.all([crew(2, () => rig.typescript()), crew(2, () => rig.python('0.3.1'))]);
  const unlocked = counting('unlocked', { lock: null, leaseSeconds: 2, sections: 10 });
  const values = (await Promise.all([...ours, ...theirs].map((worker) => worker.count(unlocked)))).flat();

  expect(values).toHaveLength(40);
  expect(Math.max(...values)).toBeLessThan(values.length);
});

/** How often a value of Python's was followed by one of ours, or the other way round. */
function handChanges(byPython: readonly number[], last: number): number {
  const theirs = new Set(byPython);
  let changes = 0;
  for (let value = 2; value <= last; value += 1) {
    if (theirs.has(value) !== theirs.has(value - 1)) changes += 1;
  }
  return changes;
}
