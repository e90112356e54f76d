import { setTimeout as sleep } from 'node:timers/promises';
import { LYNK_VERSIONS } from './python-lynk.js';
import { Rig, Waiting } from './rig.js';
import { killWorkers, type WorkerProcess } from './worker-process.js';

const LEASE_SECONDS = 3;
/** The contender gives up by itself within four leases, and has tried for three. */
const WAIT_SECONDS = LEASE_SECONDS * 3 + 1;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(killWorkers);
afterAll(() => rig.stop());

/** The contender waits in vain for longer than three leases, and the holder never notices. */
async function expectUndisturbed(lock: string, holder: WorkerProcess, contender: WorkerProcess): Promise<void> {
  await holder.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  const waiting = new Waiting(contender, { lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  const versions = new Set([await rig.versionOf(lock)]);
  for (let leases = 0; leases < 3; leases += 1) {
    await sleep(LEASE_SECONDS * 1050);
    versions.add(await rig.versionOf(lock));
    expect(await holder.whyNotHeld(lock)).toBeNull();
    expect(await rig.hostOf(lock)).toBe(holder.host);
  }

  await expect(waiting.settled).rejects.toMatchObject({ name: 'LockNotGrantedError' });
  expect(versions.size).toBe(4);
  expect(await holder.whyNotHeld(lock)).toBeNull();
  await holder.release(lock);
  expect(await rig.entry(lock)).toBeUndefined();
}

describe.each(LYNK_VERSIONS)('lynk %s', (version) => {
  test('our holder is not disturbed by a Python contender, nor the other way round', async () => {
    const [ours, python, ourContender, theirContender] = await Promise.all([
      rig.typescript(),
      rig.python(version),
      rig.typescript(),
      rig.python(version),
    ]);
    await Promise.all([
      expectUndisturbed(`held by us ${version}`, ours, theirContender),
      expectUndisturbed(`held by python ${version}`, python, ourContender),
    ]);
  });
});
