import { setTimeout as sleep } from 'node:timers/promises';
import { clientEnvironment } from '../server/index.js';
import { gate, Rig, until } from './rig.js';
import { killSpawned, Spawned } from './spawned.js';
import type { StickyReport } from './sticky-process.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterEach(async () => {
  rig.proxy.fate = () => 'pass';
  await killSpawned();
  await rig.clear();
});
afterAll(() => rig.stop());

/** A process that has used a sticky lock and keeps it. */
async function keeper(name: string, leaseSeconds: number, listener = 'nobody'): Promise<Spawned> {
  const env = { ...clientEnvironment(rig.proxy.endpoint), LYNK_TABLE_NAME: rig.tableName };
  const started = Spawned.start('sticky-process.ts', [name, String(leaseSeconds), listener], env);
  await started.reported<StickyReport>('used');
  return started;
}

const isRelease = ({ operation }: { readonly operation: string }): boolean => operation === 'DeleteItem';
const releases = () => rig.proxy.requests.filter(isRelease).length;

describe('a process that keeps a sticky lock and is told to end', () => {
  test('gives it back, and ends by the signal', async () => {
    const one = await keeper('kept', 60);
    one.signal('SIGTERM');

    expect(await one.ended).toBe('SIGTERM');
    expect(await rig.versionOf('kept')).toBeUndefined();
  });

  test('is not cut off by a second signal while it gives back', async () => {
    const one = await keeper('kept', 60);
    const { opened, open } = gate();
    rig.proxy.fate = (seen) => (isRelease(seen) ? { after: opened } : 'pass');
    one.signal('SIGTERM');
    await until(() => releases() > 0);
    one.signal('SIGTERM');
    await sleep(300);
    one.signal('SIGTERM');
    await sleep(300);
    open();

    expect(await one.ended).toBe('SIGTERM');
    expect(await rig.versionOf('kept')).toBeUndefined();
  });

  test.each([60, 3600])('ends within seconds where nothing answers, with a lease of %i s', async (leaseSeconds) => {
    const one = await keeper('kept', leaseSeconds);
    rig.proxy.fate = () => 'silence';
    const sinceMs = performance.now();
    one.signal('SIGTERM');

    expect(await one.ended).toBe('SIGTERM');
    const tookMs = performance.now() - sinceMs;
    // 3 s, and what a busy machine makes of them; 15 s and more without a limit.
    expect(tookMs).toBeLessThan(10_000);
    expect(releases()).toBeGreaterThan(0);
  });

  test('leaves the end to an application that listens too, and gives back', async () => {
    const one = await keeper('kept', 60, 'an application');
    one.signal('SIGTERM');

    expect(await one.ended).toBe(3);
    expect(await rig.versionOf('kept')).toBeUndefined();
  });
});
