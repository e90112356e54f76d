import { setTimeout as sleep } from 'node:timers/promises';
import { Duration } from 'aws-cdk-lib';
import { Fail, JsonPath, Parallel, Pass, QueryLanguage, Succeed } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { STATES_ACTIONS } from '../../lib/permissions.js';
import { until } from '../e2e/rig.js';
import { pause, Rig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.proxy.forget());

const lockStates = (...states: string[]): string[] => states.map((state) => `Work lock: ${state}`);

test('while a step works, its execution holds the lock, and our client respects it', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(pause(stack, 4), { name: JsonPath.format('account/{}', JsonPath.stringAt('$.id')) }),
  );
  const execution = await rig.states.begin(machine, { id: 'a' });
  await until(async () => (await rig.entry('account/a')) !== undefined);

  expect(await rig.entry('account/a')).toMatchObject({
    hostIdentifier: { S: execution },
    leaseDuration: { N: '34' },
  });
  const outcome = await rig.factory().tryWithLock('account/a', () => 'ran');
  expect(outcome).toMatchObject({ acquired: false, holder: { hostIdentifier: execution, leaseSeconds: 34 } });
  const value = await rig.factory().withLock('account/a', { waitSeconds: 120 }, async () => {
    return (await rig.entry('account/a'))?.['hostIdentifier']?.S;
  });
  expect(value).not.toBe(execution);
  expect(await rig.states.ended(execution)).toMatchObject({ status: 'SUCCEEDED', output: { id: 'a' } });
  expect(await rig.states.statesOf(execution)).toEqual([
    ...lockStates('draw', 'acquire', 'time left', 'protected'),
    'Work',
    ...lockStates('release'),
  ]);
});

describe('three executions and a Lambda function count together', () => {
  async function countTogether(key: string, isProtected: boolean): Promise<number> {
    await rig.setCounter(key, 1);
    const machine = await rig.machine((stack, locks) => {
      const steps = rig.incrementSteps(stack, key);
      return isProtected ? locks.protect(steps, { name: key }) : steps;
    });
    const executions = await Promise.all([1, 2, 3].map(() => rig.states.begin(machine)));
    const slowly = async (): Promise<void> => {
      const before = await rig.counter(key);
      await sleep(300);
      await rig.setCounter(key, before + 1);
    };
    for (let round = 0; round < 4; round += 1) {
      await (isProtected ? rig.factory().withLock(key, { waitSeconds: 120 }, slowly) : slowly());
    }
    for (const execution of executions) {
      expect(await rig.states.ended(execution)).toMatchObject({ status: 'SUCCEEDED' });
    }
    return rig.counter(key);
  }

  test('under the lock, nothing is lost', async () => {
    expect(await countTogether('protected count', true)).toBe(1 + 3 + 4);
    expect(await rig.entry('protected count')).toBeUndefined();
  });

  test('without it, something is: the steps do overlap', async () => {
    expect(await countTogether('bare count', false)).toBeLessThan(1 + 3 + 4);
  });
});

describe('the output is that of the steps, whatever it is', () => {
  test.each([
    ['JSONPath', undefined],
    ['JSONata', QueryLanguage.JSONATA],
  ])('in %s', async (_, language) => {
    const machine = await rig.machine(
      (stack, locks) => locks.protect(new Pass(stack, 'Work'), { name: 'x' }),
      language,
    );
    for (const output of [{ a: [1] }, [1], [[1]], [], [[]], [1, 2], [null], 7, false]) {
      expect(await rig.states.run(machine, output)).toMatchObject({ status: 'SUCCEEDED', output });
    }
  });
});

test('after an error the lock is released, and the error is that of the step', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Fail(stack, 'Work', { error: 'CardDeclined', cause: 'it said "no"' }), { name: 'declined' }),
  );
  const { states, ...ended } = await rig.states.run(machine);
  expect(ended).toMatchObject({ status: 'FAILED', error: 'CardDeclined', cause: 'it said "no"' });
  expect(states.slice(-2)).toEqual(lockStates('release after error', 'failed'));
  expect(await rig.entry('declined')).toBeUndefined();
});

test('a `Succeed` among the steps ends them, not the execution', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Succeed(stack, 'Work'), { name: 'early' }).next(new Pass(stack, 'After')),
  );
  expect((await rig.states.run(machine)).states.at(-1)).toBe('After');
  expect(await rig.entry('early')).toBeUndefined();
});

test('where others hold the lock for too long, the execution fails and says who', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'held', waitDuration: Duration.seconds(2) }),
  );
  const held = await rig.factory({ hostIdentifier: 'the other' }).createLock('held').acquire();
  const { states, ...ended } = await rig.states.run(machine);
  expect(ended).toMatchObject({ status: 'FAILED', error: 'LockNotGrantedError' });
  expect(ended.cause).toBe(
    `lock 'held' in table '${rig.tableName}' was not granted within 2 s; when last seen, it was held by the other`,
  );
  expect(states).not.toContain('Work');
  held.assertHeld();
  await held.release();
});

test('with no wait at all it is asked for once', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'once', waitDuration: Duration.seconds(0) }),
  );
  await rig.putForeignEntry('once', 600);
  expect(await rig.states.run(machine)).toMatchObject({
    error: 'LockNotGrantedError',
    states: lockStates('draw', 'acquire', 'look', 'wait on', 'release after error', 'failed'),
  });
  expect(rig.proxy.counts).toEqual({ UpdateItem: 1, GetItem: 1, DeleteItem: 1 });
});

test('where others hold the lock, other steps run, with the input of the whole', async () => {
  const machine = await rig.machine((stack, locks) => {
    const skip = { waitDuration: Duration.seconds(0), otherwise: new Pass(stack, 'Skipped') };
    return locks.protect(new Pass(stack, 'Work'), { name: 'skipped', ...skip }).next(new Pass(stack, 'After'));
  });
  await rig.putForeignEntry('skipped', 600);
  const { states, ...ended } = await rig.states.run(machine, { id: 7 });
  expect(ended).toMatchObject({ status: 'SUCCEEDED', output: { id: 7 } });
  expect(states).toEqual([...lockStates('draw', 'acquire', 'look', 'wait on', 'release and skip'), 'Skipped', 'After']);
  expect(await rig.entry('skipped')).toMatchObject({ hostIdentifier: { S: 'elsewhere' } });
  const item = { lockKey: { S: 'skipped' }, value: { S: 'blue' } };
  await rig.putEntry(item);
  expect(await rig.states.run(machine)).toMatchObject({ status: 'FAILED', error: 'LockEntryError' });
});

test('what is no lock’s entry is left as it is', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'setting', waitDuration: Duration.seconds(2) }),
  );
  const item = { lockKey: { S: 'setting' }, value: { S: 'blue' } };
  await rig.putEntry(item);
  expect(await rig.states.run(machine)).toMatchObject({ status: 'FAILED', error: 'LockEntryError' });
  expect(await rig.entry('setting')).toEqual(item);
});

test('the entry of a holder that died is taken over, once it was seen for its lease', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'dead', waitDuration: Duration.seconds(10) }),
  );
  await rig.putForeignEntry('dead', 1);
  const { status, states } = await rig.states.run(machine);
  expect(status).toBe('SUCCEEDED');
  expect(states).toContain('Work lock: look');
  expect(await rig.entry('dead')).toBeUndefined();
});

test('states of a state machine send what its role is allowed, and nothing else', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'asked', waitDuration: Duration.seconds(0) }),
  );
  await rig.states.run(machine);
  await rig.putForeignEntry('asked', 600);
  await rig.states.run(machine);
  const sent = new Set(rig.proxy.requests.map(({ operation }) => `dynamodb:${operation}`));
  expect(sent).toEqual(new Set(STATES_ACTIONS));
  expect(new Set(rig.proxy.requests.map(({ input }) => input.Key?.lockKey?.S))).toEqual(new Set(['asked']));
});

test('one execution that asks for a lock in two branches at once holds it once at a time', async () => {
  await rig.setCounter('branches', 1);
  const machine = await rig.machine((stack, locks) => {
    const branch = (id: string) =>
      locks.protect(rig.incrementSteps(new Construct(stack, id), 'branches', id), { name: 'branches', id });
    return new Parallel(stack, 'Both').branch(branch('One'), branch('Two'));
  });
  expect(await rig.states.run(machine)).toMatchObject({ status: 'SUCCEEDED' });
  expect(await rig.counter('branches')).toBe(3);
});
