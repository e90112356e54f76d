import { setTimeout as sleep } from 'node:timers/promises';
import type { SeenRequest } from '../server/fault-proxy.js';
import { clientEnvironment } from '../server/index.js';
import type { FreezeReport } from './freeze-process.js';
import { Rig, until } from './rig.js';
import { killSpawned, Spawned } from './spawned.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterEach(killSpawned);
afterAll(() => rig.stop());

function startHolder(name: string, leaseSeconds: number, manner: 'blocked' | 'idle'): Spawned {
  const env = clientEnvironment(rig.proxy.endpoint);
  return Spawned.start('freeze-process.ts', [rig.tableName, name, String(leaseSeconds), manner], env);
}

/** Another process takes the frozen holder's lock over; then the holder goes on. */
async function expectLossSeenAtOnce(holder: Spawned, name: string): Promise<void> {
  const taker = await rig.factoryOfAnotherProcess({ leaseSeconds: 60, waitSeconds: 40 }).createLock(name).acquire();
  const version = await rig.versionOf(name);
  holder.signal('SIGCONT');
  const lost = { isHeld: false, aborted: true, reason: 'deadline', remainingSeconds: 0 };

  expect(await holder.reported<FreezeReport>('thawed')).toEqual({ event: 'thawed', ...lost });
  expect(await holder.reported<FreezeReport>('released')).toEqual({ event: 'released', ...lost });
  expect(await holder.ended).toBe(0);
  expect(holder.errorOutput).toContain(`lock "${name}" in table "${rig.tableName}" was lost`);
  expect(taker.isHeld).toBe(true);
  expect(await rig.versionOf(name)).toBe(version);
  await taker.release();
}

describe('a holder is frozen past its lease, another takes over, and the holder goes on', () => {
  test('it knows at once', async () => {
    const holder = startHolder('frozen', 1, 'idle');
    await holder.reported<FreezeReport>('held');
    holder.signal('SIGSTOP');
    await expectLossSeenAtOnce(holder, 'frozen');
  });

  test('it knows even before any of its timers could run', async () => {
    const holder = startHolder('frozen and blocked', 2, 'blocked');
    await holder.reported<FreezeReport>('held');
    holder.signal('SIGSTOP');
    await expectLossSeenAtOnce(holder, 'frozen and blocked');
  });

  test('a refresh that was carried out while it was frozen, and confirmed too late, does not mislead it', async () => {
    const holder = startHolder('frozen in a refresh', 2, 'idle');
    // Only then: on a busy machine a refresh may come before the lock is granted, too.
    await holder.reported<FreezeReport>('held');
    let before: string | undefined;
    let frozen = false;
    rig.proxy.fate = (seen) => {
      if (frozen || !isRefresh(seen)) return 'pass';
      frozen = true;
      holder.signal('SIGSTOP');
      return {
        after: rig.versionOf('frozen in a refresh').then((version) => {
          before = version;
        }),
      };
    };
    await until(async () => before !== undefined && (await rig.versionOf('frozen in a refresh')) !== before);
    await expectLossSeenAtOnce(holder, 'frozen in a refresh');
  });
});

test('a freeze that ends within the lease costs nothing: the overdue refresh follows at once', async () => {
  const holder = startHolder('briefly frozen', 4, 'idle');
  await holder.reported<FreezeReport>('held');
  holder.signal('SIGSTOP');
  const version = await rig.versionOf('briefly frozen');
  const contending = rig.factoryOfAnotherProcess({ leaseSeconds: 60 }).tryWithLock('briefly frozen', () => 'ran');
  expect(await contending).toMatchObject({ acquired: false });
  // Past the half of the lease, when the refresh was due.
  await sleep(2200);
  expect(await rig.versionOf('briefly frozen')).toBe(version);
  holder.signal('SIGCONT');

  await until(async () => (await rig.versionOf('briefly frozen')) !== version);
  const later = await rig.versionOf('briefly frozen');
  expect(later?.slice(-20)).toBe(version?.slice(-20));
  expect(holder.errorOutput).not.toContain('lost');
});

function isRefresh({ input }: SeenRequest): boolean {
  return input.ConditionExpression?.includes('< :version') ?? false;
}
