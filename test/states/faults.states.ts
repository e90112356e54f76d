import { Duration } from 'aws-cdk-lib';
import { Pass } from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockStates, LynkLockTable } from '../../lib/index.js';
import { until } from '../e2e/rig.js';
import type { SeenRequest } from '../server/fault-proxy.js';
import { pause, Rig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.proxy.forget());

const isOf =
  (operation: string, lock: string) =>
  (seen: SeenRequest): boolean =>
    seen.operation === operation && seen.input.Key?.lockKey?.S === lock;
const lockStates = (...states: string[]): string[] => states.map((state) => `Work lock: ${state}`);
test('an acquire whose answer got lost is recognised by the next attempt, not waited out', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'acquired', waitDuration: Duration.seconds(0) }),
  );
  rig.proxy.spoilNext('drop-answer', isOf('UpdateItem', 'acquired'));
  expect(await rig.states.run(machine)).toMatchObject({ status: 'SUCCEEDED' });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 2, DeleteItem: 1 });
  expect(await rig.entry('acquired')).toBeUndefined();
});

test('a release whose answer got lost is no loss', async () => {
  const machine = await rig.machine((stack, locks) => locks.protect(new Pass(stack, 'Work'), { name: 'released' }));
  rig.proxy.spoilNext('drop-answer', isOf('DeleteItem', 'released'));
  expect(await rig.states.run(machine, { id: 7 })).toMatchObject({
    status: 'SUCCEEDED',
    output: { id: 7 },
    states: expect.arrayContaining(['Work lock: lost', 'Work lock: left']),
  });
  expect(await rig.entry('released')).toBeUndefined();
});

test('a release that cannot be sent leaves the entry to its lease, and the work stays done', async () => {
  const machine = await rig.machine((stack, locks) => locks.protect(new Pass(stack, 'Work'), { name: 'stuck' }));
  rig.proxy.fate = (seen) => (isOf('DeleteItem', 'stuck')(seen) ? 'reset' : 'pass');
  const { states, ...ended } = await rig.states.run(machine, { id: 7 });
  expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { id: 7 } });
  expect(states.at(-1)).toBe('Work lock: left');
  expect(await rig.entry('stuck')).toBeDefined();
});

test('an acquire that DynamoDB refuses for good fails with its own error', async () => {
  const machine = await rig.machine((stack) => {
    const none = LynkLockTable.fromLynkLockTableName(stack, 'None', 'no-such-table');
    return none.protect(new Pass(stack, 'Work'), { name: 'refused' });
  });
  expect(await rig.states.run(machine)).toMatchObject({
    status: 'FAILED',
    error: 'DynamoDB.ResourceNotFoundException',
    states: lockStates('draw', 'acquire', 'release after error', 'failed'),
  });
});

test('an execution that is stopped leaves its lock to be taken over after the lease', async () => {
  const machine = await rig.machine((stack, locks) => locks.protect(pause(stack, 10), { name: 'stopped' }));
  const execution = await rig.states.begin(machine);
  // Not at the entry already: an execution stopped just before the work begins stays RUNNING in moto for good.
  await until(async () => (await rig.states.statesOf(execution)).includes('Work'));
  const began = performance.now();
  await rig.states.abort(execution);
  const held = await rig.factory().createLock('stopped').acquire({ waitSeconds: 150 });
  // The lease is 40 s, and by then the client has seen it for all that time.
  expect(performance.now() - began).toBeGreaterThan(39_000);
  expect(await rig.states.ended(execution)).toMatchObject({ status: 'ABORTED' });
  await held.release();
});

test('work that outlasts its lease finds out that the lock was lost', async () => {
  await rig.setCounter('overrun', 1);
  const machine = await rig.machine((stack, table) => {
    const leaseDuration = Duration.seconds(31);
    const lock = new LynkLockStates(stack, 'Work lock', { table, name: 'overrun', leaseDuration });
    return lock.acquire.next(rig.stepsUntilTwo(stack, 'overrun')).next(lock.release);
  });
  const execution = await rig.states.begin(machine);
  await until(async () => (await rig.entry('overrun')) !== undefined);
  const held = await rig.factory().createLock('overrun').acquire({ waitSeconds: 150 });
  await rig.setCounter('overrun', 2);
  const ended = await rig.states.ended(execution);
  expect(ended).toMatchObject({ status: 'FAILED', error: 'LockLostError' });
  expect(ended.cause).toMatch(/^lock 'overrun' in table '.*' was lost: its lease of 31 s was over, and others have/);
  held.assertHeld();
  await held.release();
});
