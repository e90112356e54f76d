import { setTimeout as sleep } from 'node:timers/promises';
import { LYNK_VERSIONS } from './python-lynk.js';
import { type Item, Rig, until, Waiting } from './rig.js';
import { killWorkers, type WorkerProcess } from './worker-process.js';

const LEASE_SECONDS = 3;
/** Of what is released by hand. Half of it is what our try has for its request, on however busy a machine. */
const LONG_LEASE_SECONDS = 10;
const THEIRS = new Set(['hostIdentifier', 'leaseDuration', 'lockKey', 'versionNumber']);

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(killWorkers);
afterAll(() => rig.stop());

/** An entry as fencing leaves it: free, with a token that rises from holder to holder. */
function keptEntry(lock: string): Item {
  return {
    lockKey: { S: lock },
    leaseDuration: { N: '0' },
    versionNumber: { S: '0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e' },
    hostIdentifier: { S: 'elsewhere/4711' },
    fencingToken: { N: '1764000000000' },
    expiresAt: { N: String(Math.round(Date.now() / 1000) + 86400) },
  };
}

/** Its first request gets it: nobody is waited for. */
async function expectToHaveAtOnce(lock: string, worker: WorkerProcess): Promise<void> {
  await worker.acquire({ lock, leaseSeconds: LONG_LEASE_SECONDS, waitSeconds: 0 });
  expect(await rig.hostOf(lock)).toBe(worker.host);
}

async function attributesOf(lock: string): Promise<Set<string>> {
  return new Set(Object.keys((await rig.entry(lock)) ?? {}));
}

describe.each(LYNK_VERSIONS)('lynk %s', (version) => {
  test('what one kind has released, the other has at once', async () => {
    const [ours, python] = await rig.pair(version);
    const lock = `released ${version}`;
    for (const worker of [ours, python, ours, python]) {
      await expectToHaveAtOnce(lock, worker);
      await worker.release(lock);
      expect(await rig.entry(lock)).toBeUndefined();
    }
  });

  test('Python acquires a kept, free entry', async () => {
    const python = await rig.python(version);
    const lock = `kept, for python ${version}`;
    await rig.putEntry(keptEntry(lock));
    // It waits for the lease that it read, which is 0, and writes again.
    await python.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: 1 });

    expect(await rig.hostOf(lock)).toBe(python.host);
    expect(await attributesOf(lock)).toEqual(THEIRS);
    await python.release(lock);
    expect(await rig.entry(lock)).toBeUndefined();
  });

  test('Python acquires what fencing has kept; what it deletes begins anew, with a higher token', async () => {
    const python = await rig.python(version);
    const lock = `fenced ${version}`;
    const fenced = rig.locks({ fencing: true }).createLock(lock, { leaseSeconds: LONG_LEASE_SECONDS });
    const first = await fenced.acquire();
    await first.release();
    expect(await rig.entry(lock)).toMatchObject({ leaseDuration: { N: '0' } });

    await python.acquire({ lock, leaseSeconds: LONG_LEASE_SECONDS, waitSeconds: 1 });
    expect(await rig.hostOf(lock)).toBe(python.host);
    expect(await fenced.tryAcquire()).toBeUndefined();
    await python.release(lock);
    const second = await fenced.acquire();

    expect(second.fencingToken).toBeGreaterThan(first.fencingToken);
    await second.release();
  });

  test('a permit that Python holds under its own name is nobody else’s, and the other way round', async () => {
    const python = await rig.python(version);
    const name = `api ${version}`;
    const semaphore = rig.locks().createSemaphore(name, { permits: 1, leaseSeconds: LONG_LEASE_SECONDS });
    const permit = { lock: `${name}#0`, leaseSeconds: LONG_LEASE_SECONDS };
    await python.acquire({ ...permit, waitSeconds: 0 });
    expect(await semaphore.tryAcquire()).toBeUndefined();
    await python.release(permit.lock);

    const held = await semaphore.acquire();
    await expect(python.acquire({ ...permit, waitSeconds: 0 })).rejects.toMatchObject({ name: 'LockNotGrantedError' });
    await held.release();
  });

  test('Python waits for what is left of a lock’s least time', async () => {
    const python = await rig.python(version);
    const lock = `at least ${version}`;
    const startedAt = performance.now();
    await rig.locks().withLock(lock, { lockAtLeastSeconds: LEASE_SECONDS }, () => {});
    expect(await rig.entry(lock)).toMatchObject({ lockKey: { S: lock } });
    await python.acquire({ lock, leaseSeconds: LONG_LEASE_SECONDS, waitSeconds: 30 });

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(LEASE_SECONDS * 1000);
    expect(await rig.hostOf(lock)).toBe(python.host);
    await python.release(lock);
  });

  test("Python overwrites an entry with attributes of ours: our waiting contender goes by Python's", async () => {
    const [ours, python] = await rig.pair(version);
    const lock = `overwritten ${version}`;
    // The stamp's top bit is set: its age is judged by nobody's clock.
    const dead = {
      leaseDuration: { N: String(LEASE_SECONDS) },
      versionNumber: { S: '8192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e' },
    };
    await rig.putEntry({ ...keptEntry(lock), ...dead, data: { S: '{"note":"ours"}' } });
    const acquisition = { lock, leaseSeconds: LEASE_SECONDS };
    await expect(ours.acquire({ ...acquisition, waitSeconds: 0 })).rejects.toMatchObject({
      name: 'LockNotGrantedError',
    });
    const waiting = new Waiting(ours, { ...acquisition, waitSeconds: 60 });
    await sleep(200);
    // Our contender, which has seen the entry, is kept from being first.
    ours.signal('SIGSTOP');
    await python.acquire({ ...acquisition, waitSeconds: 30 });
    expect(await attributesOf(lock)).toEqual(THEIRS);
    // By now what our contender has seen is expired, and no longer there.
    ours.signal('SIGCONT');
    await sleep(LEASE_SECONDS * 1500);

    expect(waiting.outcome).toBe('waiting');
    expect(await rig.hostOf(lock)).toBe(python.host);
    expect(await python.whyNotHeld(lock)).toBeNull();
    await python.release(lock);
    await waiting.settled;
    expect(await rig.hostOf(lock)).toBe(ours.host);
    expect(await ours.whyNotHeld(lock)).toBeNull();
  });
});

test('we acquire a kept, free entry at once', async () => {
  const ours = await rig.typescript();
  const lock = 'kept, for us';
  await rig.putEntry(keptEntry(lock));
  await expectToHaveAtOnce(lock, ours);
  // Without fencing, its token is not carried on.
  expect(await attributesOf(lock)).toEqual(new Set(['expiresAt', ...THEIRS]));
  await ours.release(lock);
  expect(await rig.entry(lock)).toBeUndefined();
});

test('our entry shows Python what it needs, whoever wrote it last', async () => {
  const ours = await rig.typescript();
  const lock = 'shown';
  await ours.acquire({ lock, leaseSeconds: LEASE_SECONDS, waitSeconds: 30 });
  const acquired = await rig.entry(lock);
  await until(async () => (await rig.versionOf(lock)) !== acquired?.['versionNumber']?.S);

  for (const entry of [acquired, await rig.entry(lock)]) {
    expect(entry).toMatchObject({
      lockKey: { S: lock },
      leaseDuration: { N: String(LEASE_SECONDS) },
      versionNumber: { S: expect.any(String) },
      hostIdentifier: { S: ours.host },
    });
  }
});
