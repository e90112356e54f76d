import { Rig, until } from '../e2e/rig.js';
import { FUNCTION_NAME, killSandboxes, Sandbox } from './sandbox.js';

let rig: Rig;
let sandbox: Sandbox;

beforeAll(async () => {
  rig = await Rig.start();
  sandbox = await Sandbox.start({ tableName: rig.tableName, endpoint: rig.proxy.endpoint, timeoutSeconds: 12 });
});
beforeEach(() => rig.proxy.forget());
afterAll(async () => {
  await killSandboxes();
  await rig.stop();
});

test('cold and warm: the lock is taken in one write and given back in one', async () => {
  const cold = await sandbox.invoke({ lock: 'order/1' });
  expect(cold).toMatchObject({ invocation: 1, view: { isHeld: true, aborted: false } });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });

  rig.proxy.forget();
  const warm = await sandbox.invoke({ lock: 'order/1' });
  expect(warm).toMatchObject({ invocation: 2, pid: cold.pid, view: { isHeld: true, aborted: false } });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
  expect(await rig.lockNames()).toEqual([]);
});

test('a contender is told in whose log to look', async () => {
  const gate = sandbox.gate();
  const invocation = sandbox.invoke({ lock: 'who', stayAt: gate.file });
  await until(() => gate.isReached());
  const outcome = await rig.factoryOfAnotherProcess().tryWithLock('who', () => 'ran');
  gate.open();

  const { requestId } = await invocation;
  const hostIdentifier = `${FUNCTION_NAME}/$LATEST/${requestId}`;
  expect(outcome).toMatchObject({ acquired: false, holder: { hostIdentifier } });
});

test('a function made locked does the same', async () => {
  const report = await sandbox.invoke({ lock: 'order/2', surface: 'makeLocked' });

  expect(report).toMatchObject({ view: { isHeld: true, aborted: false } });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
});

test.each(['withLock', 'makeLocked'] as const)(
  'a wait of %s ends while the invocation has time left to answer',
  async (surface) => {
    await rig.putForeignEntry('theirs', { leaseSeconds: 3600 });
    // By default it would wait for 30 s.
    const report = await sandbox.invoke({ lock: 'theirs', surface });

    expect(report).toMatchObject({ error: { name: 'LockNotGrantedError' } });
    expect(report.view).toBeUndefined();
    expect(report.remainingMs).toBeGreaterThan(0);
    expect(report.remainingMs).toBeLessThan(2000);
  },
);

test('nothing is left behind by an invocation, however many there were', async () => {
  const { leftBehind: first } = await sandbox.invoke({ lock: 'again' });
  const reports = [];
  for (let count = 0; count < 40; count += 1) reports.push(await sandbox.invoke({ lock: `again/${count % 3}` }));

  const left = reports.map(({ leftBehind }) => leftBehind);
  expect(left.filter(({ lockTimers, abortListeners }) => lockTimers > 0 || abortListeners > 0)).toEqual([]);
  expect(new Set(left.map(({ terminationListeners }) => terminationListeners))).toEqual(
    new Set([first.terminationListeners]),
  );
  // The SDK's own come and go: what matters is that they do not add up.
  const last = reports.at(-1)?.leftBehind;
  expect(last?.timers).toBeLessThan(first.timers + 15);
  expect(last?.activeResources).toBeLessThan(first.activeResources + 15);
  expect(await rig.lockNames()).toEqual(['theirs']);
});
