import { setTimeout as sleep } from 'node:timers/promises';
import { Rig } from '../e2e/rig.js';
import { killSandboxes, Sandbox } from './sandbox.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(async () => {
  await killSandboxes();
  await rig.clear();
});
afterAll(() => rig.stop());

/** A sandbox whose first invocation has taken the lock and kept it. */
async function keeper(leaseSeconds: number) {
  const { tableName, proxy } = rig;
  const sandbox = await Sandbox.start({ tableName, endpoint: proxy.endpoint, timeoutSeconds: 100 });
  proxy.forget();
  const use = () => sandbox.invoke({ lock: 'shard', options: { leaseSeconds }, surface: 'stickyLock' });
  expect(await use()).toMatchObject({ invocation: 1, view: { isHeld: true } });
  expect(proxy.counts).toEqual({ UpdateItem: 1 });
  proxy.forget();
  return { sandbox, use };
}

test('each further invocation refreshes with one write; the lock stays with the sandbox, and nothing adds up', async () => {
  const { use } = await keeper(600);
  const second = await use();
  expect(second).toMatchObject({ invocation: 2, view: { isHeld: true } });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });

  const reports = [];
  for (let count = 0; count < 20; count += 1) reports.push(await use());
  expect(rig.proxy.counts).toEqual({ UpdateItem: 21 });
  const { lockTimers, abortListeners, terminationListeners } = second.leftBehind;
  for (const { leftBehind } of reports) {
    expect(leftBehind).toMatchObject({ lockTimers, abortListeners, terminationListeners });
  }
});

test('frozen for less than the lease: others are refused meanwhile, and the next invocation refreshes', async () => {
  const { sandbox, use } = await keeper(600);
  sandbox.freeze();
  expect(await rig.factoryOfAnotherProcess().tryWithLock('shard', () => 'ran')).toMatchObject({ acquired: false });
  rig.proxy.cutConnections();
  sandbox.thaw();

  expect(await use()).toMatchObject({ invocation: 2, view: { isHeld: true } });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1 });
});

test('frozen for longer, and nobody came: the next invocation takes the lock again, in two requests at most', async () => {
  const { sandbox, use } = await keeper(2);
  sandbox.freeze();
  await sleep(3000);
  rig.proxy.forget();
  sandbox.thaw();

  expect(await use()).toMatchObject({ invocation: 2, view: { isHeld: true } });
  expect(rig.proxy.requests.length).toBeLessThanOrEqual(2);
});

test('frozen for longer, and another took over: the next invocation waits its turn', async () => {
  const { sandbox, use } = await keeper(2);
  sandbox.freeze();
  const other = await rig.factoryOfAnotherProcess({ leaseSeconds: 600 }).createLock('shard').acquire();
  const version = await rig.versionOf('shard');
  sandbox.thaw();
  const next = use();
  await sleep(500);
  expect(await rig.versionOf('shard')).toBe(version);
  expect(other.isHeld).toBe(true);
  await other.release();

  expect(await next).toMatchObject({ invocation: 2, view: { isHeld: true } });
});
