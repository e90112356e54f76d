import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldLock } from '../../runtime/index.js';
import { Rig, until } from '../e2e/rig.js';
import { killSandboxes, Sandbox } from './sandbox.js';

let rig: Rig;
let sandbox: Sandbox;

beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(async () => {
  rig.proxy.forget();
  sandbox = await Sandbox.start({ tableName: rig.tableName, endpoint: rig.proxy.endpoint, timeoutSeconds: 100 });
});
afterEach(async () => {
  await killSandboxes();
  await rig.clear();
});
afterAll(() => rig.stop());

describe('frozen between two invocations', () => {
  test.each([
    ['shorter', 600, 200],
    ['longer', 1, 2500],
  ])(
    '%s than the lease: the lock is free meanwhile, and the next invocation has it in two writes',
    async (_, leaseSeconds, freezeMs) => {
      const task = { lock: 'between', options: { leaseSeconds } };
      const { pid } = await sandbox.invoke(task);
      sandbox.freeze();
      const outcome = await rig.factoryOfAnotherProcess().tryWithLock('between', () => 'ran');
      expect(outcome).toEqual({ acquired: true, value: 'ran' });
      await sleep(freezeMs);
      sandbox.thaw();
      rig.proxy.forget();

      expect(await sandbox.invoke(task)).toMatchObject({ pid, invocation: 2, view: { isHeld: true } });
      expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
    },
  );

  test('its connections were cut meanwhile: the next invocation does not notice', async () => {
    const { pid } = await sandbox.invoke({ lock: 'cut off' });
    sandbox.freeze();
    expect(rig.proxy.cutConnections()).toBe(1);
    sandbox.thaw();
    rig.proxy.forget();

    expect(await sandbox.invoke({ lock: 'cut off' })).toMatchObject({ pid, invocation: 2, view: { isHeld: true } });
    expect(rig.proxy.counts).toEqual({ UpdateItem: 1, DeleteItem: 1 });
  });

  test('its connection leads nowhere afterwards: the first request is given up, and asked again', async () => {
    await sandbox.invoke({ lock: 'dead end' });
    sandbox.freeze();
    rig.proxy.forget();
    rig.proxy.spoilNext('silence', () => true);
    sandbox.thaw();

    const report = await sandbox.invoke({ lock: 'dead end' });
    expect(report).toMatchObject({ invocation: 2, view: { isHeld: true } });
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2, DeleteItem: 1 });
    expect(await rig.lockNames()).toEqual([]);
  });
});

describe('frozen within an invocation, while it holds', () => {
  /** Freezes a sandbox that holds, as soon as it does. */
  async function frozenHolder(lock: string, leaseSeconds: number) {
    // The cold start is over before the lock is asked for, so that a slow one does not matter.
    await sandbox.invoke({ lock: 'warm up' });
    const gate = sandbox.gate();
    const invocation = sandbox.invoke({ lock, options: { leaseSeconds }, stayAt: gate.file });
    await until(() => gate.isReached());
    sandbox.freeze();
    const goOn = (): void => {
      gate.open();
      sandbox.thaw();
    };
    return { invocation, goOn };
  }

  test('for longer than the lease: another takes over, and it knows at once, and leaves the other alone', async () => {
    const { invocation, goOn } = await frozenHolder('long', 2);
    const other: HeldLock = await rig.factoryOfAnotherProcess({ leaseSeconds: 600 }).createLock('long').acquire();
    const version = await rig.versionOf('long');
    goOn();

    const report = await invocation;
    expect(report.view).toEqual({ isHeld: false, aborted: true, remainingSeconds: 0 });
    expect(report.error).toMatchObject({ name: 'LockLostError', reason: 'deadline', result: 'worked' });
    expect(await rig.versionOf('long')).toBe(version);
    expect(other.isHeld).toBe(true);
    await other.release();

    // And the sandbox is none the worse for it.
    expect(await sandbox.invoke({ lock: 'long' })).toMatchObject({ invocation: 3, view: { isHeld: true } });
  });

  test('for shorter than the lease, its connections cut: it goes on holding', async () => {
    const { invocation, goOn } = await frozenHolder('short', 600);
    const outcome = await rig.factoryOfAnotherProcess().tryWithLock('short', () => 'ran');
    expect(outcome).toMatchObject({ acquired: false });
    rig.proxy.cutConnections();
    goOn();

    const report = await invocation;
    expect(report.view).toMatchObject({ isHeld: true, aborted: false });
    expect(report.error).toBeUndefined();
    expect(await rig.versionOf('short')).toBeUndefined();
  });
});
