import { LYNK_VERSIONS } from './python-lynk.js';
import { Rig, until } from './rig.js';
import { killWorkers, type WorkerProcess } from './worker-process.js';

const LEASE_SECONDS = 3;
const WAIT_SECONDS = 30;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(killWorkers);
afterAll(() => rig.stop());

/** The holder dies, and the other has the lock; not before what it saw last was a lease old. */
async function expectTakeoverFromKilled(lock: string, holder: WorkerProcess, contender: WorkerProcess): Promise<void> {
  await holder.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  await holder.kill();
  const version = await rig.versionOf(lock);
  const since = performance.now();
  await contender.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });

  expect(performance.now() - since).toBeGreaterThanOrEqual(LEASE_SECONDS * 1000);
  expect(await rig.hostOf(lock)).toBe(contender.host);
  expect(await rig.versionOf(lock)).not.toBe(version);
  await expectToHoldOn(lock, contender);
}

/** It refreshes and releases like any other holder. */
async function expectToHoldOn(lock: string, holder: WorkerProcess): Promise<void> {
  const version = await rig.versionOf(lock);
  await until(async () => (await rig.versionOf(lock)) !== version);
  expect(await rig.hostOf(lock)).toBe(holder.host);
  expect(await holder.whyNotHeld(lock)).toBeNull();
  await holder.release(lock);
  expect(await rig.entry(lock)).toBeUndefined();
}

/** The holder is frozen past its lease; the other takes over; once the holder goes on, it finds that out. */
async function freezeUntilTaken(lock: string, holder: WorkerProcess, contender: WorkerProcess): Promise<void> {
  await holder.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  holder.signal('SIGSTOP');
  await contender.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  holder.signal('SIGCONT');
  await until(async () => (await holder.whyNotHeld(lock)) !== null);
}

describe.each(LYNK_VERSIONS)('lynk %s', (version) => {
  test("we take over from Python's killed holder", async () => {
    const [ours, python] = await rig.pair(version);
    await expectTakeoverFromKilled(`killed python ${version}`, python, ours);
  });

  test('Python takes over from our killed holder', async () => {
    const [ours, python] = await rig.pair(version);
    await expectTakeoverFromKilled(`killed typescript ${version}`, ours, python);
  });

  test("Python's holder was frozen past its lease: what it does afterwards leaves our hold alone", async () => {
    const [ours, python] = await rig.pair(version);
    const lock = `frozen python ${version}`;
    await freezeUntilTaken(lock, python, ours);
    await expect(python.release(lock)).rejects.toMatchObject({ name: 'LockLostError' });
    await expectToHoldOn(lock, ours);
  });

  test("our holder was frozen past its lease: what it does afterwards leaves Python's hold alone", async () => {
    const [ours, python] = await rig.pair(version);
    const lock = `frozen typescript ${version}`;
    await freezeUntilTaken(lock, ours, python);
    await ours.release(lock);
    await expectToHoldOn(lock, python);
  });
});
