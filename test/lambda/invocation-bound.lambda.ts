import { Rig } from '../e2e/rig.js';
import { killSandboxes, Sandbox } from './sandbox.js';

let rig: Rig;
let sandbox: Sandbox;

beforeAll(async () => {
  rig = await Rig.start();
  sandbox = await Sandbox.start({ tableName: rig.tableName, endpoint: rig.proxy.endpoint, timeoutSeconds: 12 });
  // The cold start is over before times matter.
  await sandbox.invoke({ lock: 'warm up' });
});
beforeEach(() => rig.proxy.forget());
afterAll(async () => {
  await killSandboxes();
  await rig.stop();
});

test('work that heeds the signal is told to stop while it holds, and its lock is released before the invocation is killed', async () => {
  const options = { leaseSeconds: 5, releaseReserveSeconds: 4 };
  const report = await sandbox.invoke({ lock: 'long work', options, stayUntilAborted: true });

  expect(report.view).toMatchObject({ isHeld: true, aborted: true });
  expect(report.error).toBeUndefined();
  expect(await rig.lockNames()).toEqual([]);
  // Refreshed meanwhile, as the lease is shorter than the work.
  expect(rig.proxy.counts['UpdateItem']).toBeGreaterThanOrEqual(3);
});

test('a lease for the invocation needs no refresh, however long the work takes', async () => {
  const options = { leaseSeconds: 'invocation', releaseReserveSeconds: 4 } as const;
  const report = await sandbox.invoke({ lock: 'one lease', options, stayUntilAborted: true });

  expect(report.view).toMatchObject({ isHeld: true, aborted: true });
  expect(report.error).toBeUndefined();
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
});
