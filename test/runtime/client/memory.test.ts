import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LockFactory } from '../../../runtime/client/lock-factory.js';
import { systemClock } from '../../../runtime/core/clock.js';
import { LockManager } from '../../../runtime/core/lock-manager.js';
import { MemoryStore } from '../../../runtime/store/memory-store.js';
import { createTestLocks } from '../../../runtime/testing/index.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

function usedMegabytes(): number {
  gc();
  gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** By how many megabytes the heap grows with 12,000 names, once what is remembered of names has reached its limits. */
async function growth(each: (index: number) => Promise<unknown>): Promise<number> {
  for (let index = 0; index < 12_000; index += 1) await each(index);
  const before = usedMegabytes();
  for (let index = 12_000; index < 24_000; index += 1) await each(index);
  return usedMegabytes() - before;
}

/** A factory over a table in memory. */
function setUp(): { readonly locks: LockFactory; readonly table: MemoryStore } {
  const table = new MemoryStore('locks');
  let draws = 0;
  const random = { bytes: (count: number) => new Uint8Array(count).fill(draws++ & 0xff), fraction: () => 0 };
  return { locks: new LockFactory(new LockManager(systemClock, random), table, {}, () => 'us'), table };
}

describe('the heap does not grow', () => {
  test('with names that were refused', async () => {
    const { locks, table } = setUp();
    const refused = async (index: number): Promise<void> => {
      table.items.set(`name/${index}`, {
        lockKey: { S: `name/${index}` },
        leaseDuration: { N: '10' },
        versionNumber: { S: crypto.randomUUID() },
        hostIdentifier: { S: 'somebody' },
      });
      // `expect` would take longer than the try.
      if (await locks.createLock(`name/${index}`).tryAcquire()) throw new Error('it was not refused');
      table.items.clear();
    };

    expect(await growth(refused)).toBeLessThan(1);
  });

  test('with results of single flights that nobody waits for', async () => {
    const { locks, table } = setUp();
    const fly = (index: number) => locks.singleFlight(`name/${index}`, { freshSeconds: 60 }, () => 'x'.repeat(4000));
    const before = usedMegabytes();
    // Each waits more than it computes.
    for (let index = 0; index < 3000; index += 30) {
      await Promise.all(Array.from({ length: 30 }, (_, lane) => fly(index + lane)));
      table.items.clear();
    }

    expect(usedMegabytes() - before).toBeLessThan(4);
  });

  test('with names of test locks that were locked and released', async () => {
    const locks = createTestLocks();

    expect(await growth((index) => locks.withLock(`name/${index}`, () => {}))).toBeLessThan(1);
  });
});
