import type { Figure } from './figure.js';
import { putAndDelete, type Stage } from './stage.js';
import { pairedRatio, times } from './statistics.js';

/** Beyond this many times its goal, the guard fails. */
const SLACK = 1.3;

/** The light client's locks, over a conditional put and delete by the SDK: one after the other, and many at once. */
export async function light(stage: Stage, cycles = 200, atOnce = 200): Promise<Figure[]> {
  const locks = stage.light({ leaseSeconds: 600, waitSeconds: 300 });
  const { client } = stage.client();
  const lock = locks.createLock('light');
  const cycle = await pairedRatio(
    9,
    times(cycles, async () => (await lock.acquire()).release()),
    times(cycles, () => putAndDelete(client, stage.table, 'floor')),
  );
  const names = Array.from({ length: atOnce }, (_, index) => `light ${index}`);
  const many = await pairedRatio(
    11,
    () => Promise.all(names.map(async (name) => (await locks.createLock(name).acquire()).release())),
    () => Promise.all(names.map((name) => putAndDelete(client, stage.table, `floor ${name}`))),
  );
  return [
    {
      what: 'uncontended cycle by the light client, over the SDK alone',
      unit: 'ratio',
      value: cycle,
      goal: 0.85,
      slack: SLACK,
    },
    {
      what: `${atOnce} locks at once by the light client, over the SDK alone`,
      unit: 'ratio',
      value: many,
      goal: 0.8,
      slack: SLACK,
    },
  ];
}
