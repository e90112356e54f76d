import { setTimeout as sleep } from 'node:timers/promises';
import { Rig } from '../e2e/rig.js';
import { killSandboxes, Sandbox } from './sandbox.js';

const LEASE_SECONDS = 2;
/** The default. */
const TOLERANCE_SECONDS = 3;

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(async () => {
  await killSandboxes();
  await rig.clear();
});
afterAll(() => rig.stop());

test('an invocation times out while it holds; after lease and tolerance the next one takes over at first sight', async () => {
  const { tableName, proxy } = rig;
  const sandbox = await Sandbox.start({ tableName, endpoint: proxy.endpoint, timeoutSeconds: 10 });
  const warmUp = await sandbox.invoke({ lock: 'nightly' });
  const options = { leaseSeconds: LEASE_SECONDS };
  const gate = sandbox.gate();
  const answer = await sandbox.invokeUntilTimeout({ lock: 'nightly', options, stayAt: gate.file });
  expect(gate.isReached()).toBe(true);
  expect(answer).toContain('Task timed out');
  const left = await rig.versionOf('nightly');
  expect(left).toBeDefined();
  await sleep((LEASE_SECONDS + TOLERANCE_SECONDS + 1.5) * 1000);
  proxy.forget();

  const next = await sandbox.invoke({ lock: 'nightly', options });
  expect(next).toMatchObject({ invocation: 1, view: { isHeld: true } });
  expect(next.pid).not.toBe(warmUp.pid);
  // One write that fails its condition and shows the entry, one that takes it over; then the release.
  expect(proxy.counts).toEqual({ UpdateItem: 2, DeleteItem: 1 });
  expect(await rig.lockNames()).toEqual([]);
});
