import { setTimeout as sleep } from 'node:timers/promises';
import { Rig, Waiting } from './rig.js';
import { killWorkers, type WorkerProcess } from './worker-process.js';

/** The only version that has it: lynk 0.1.0 can neither serialize nor deserialize. */
const VERSION = '0.3.1';
const LEASE_SECONDS = 3;
const WAIT_SECONDS = 60;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(killWorkers);
afterAll(() => rig.stop());

/** Longer than two leases: whoever is not refreshed is lost, and the contender has the lock. */
async function expectRefreshedFor(lock: string, holder: WorkerProcess, contender: Waiting): Promise<void> {
  expect(await rig.hostOf(lock)).toBe(holder.host);
  const versions = [await rig.versionOf(lock)];
  for (let leases = 0; leases < 2; leases += 1) {
    await sleep(LEASE_SECONDS * 1100);
    versions.push(await rig.versionOf(lock));
  }

  expect(new Set(versions).size).toBe(3);
  expect(await rig.hostOf(lock)).toBe(holder.host);
  expect((await rig.entry(lock))?.['leaseDuration']).toEqual({ N: String(LEASE_SECONDS) });
  expect(await holder.whyNotHeld(lock)).toBeNull();
  expect(contender.outcome).toBe('waiting');
}

async function handOver(lock: string, giver: WorkerProcess, receiver: WorkerProcess): Promise<string> {
  const text = await giver.serialize(lock);
  await receiver.deserialize({ lock, text, leaseSeconds: LEASE_SECONDS });
  expect(await giver.whyNotHeld(lock)).not.toBeNull();
  return text;
}

/** Through three hands, the last in a process of its own, while another waits; it has the lock at the end. */
async function expectThreeHands(lock: string, hands: readonly [WorkerProcess, WorkerProcess, WorkerProcess]) {
  const [first, second, third] = hands;
  const bystander = await rig.typescript();
  await first.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  const contender = new Waiting(bystander, { lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });
  await expectRefreshedFor(lock, first, contender);
  await handOver(lock, first, second);
  await expectRefreshedFor(lock, second, contender);
  await handOver(lock, second, third);
  await expectRefreshedFor(lock, third, contender);
  await third.release(lock);
  await contender.settled;
  expect(await rig.hostOf(lock)).toBe(bystander.host);
}

test('Python, TypeScript, Python: each keeps it for more than two leases', async () => {
  const [[ours, python], another] = await Promise.all([rig.pair(VERSION), rig.python(VERSION)]);
  await expectThreeHands('from python', [python, ours, another]);
});

test('TypeScript, Python, TypeScript: each keeps it for more than two leases', async () => {
  const [[ours, python], another] = await Promise.all([rig.pair(VERSION), rig.typescript()]);
  await expectThreeHands('from typescript', [ours, python, another]);
});

test('a text is good for one receiver, whoever that is', async () => {
  const [ours, python] = await rig.pair(VERSION);
  const lock = 'delivered twice';
  await python.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: WAIT_SECONDS });

  const byPython = { lock, text: await handOver(lock, python, ours), leaseSeconds: LEASE_SECONDS };
  await expect(ours.deserialize(byPython)).rejects.toMatchObject({ name: 'LockLostError' });
  await expect(python.deserialize(byPython)).rejects.toMatchObject({ name: 'LockLostError' });
  expect(await ours.whyNotHeld(lock)).toBeNull();

  const byUs = { lock, text: await handOver(lock, ours, python), leaseSeconds: LEASE_SECONDS };
  await expect(python.deserialize(byUs)).rejects.toMatchObject({ name: 'LockLostError' });
  await expect(ours.deserialize(byUs)).rejects.toMatchObject({ name: 'LockLostError' });
  expect(await python.whyNotHeld(lock)).toBeNull();
  expect(await rig.hostOf(lock)).toBe(python.host);
});
