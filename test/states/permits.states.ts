import { Duration } from 'aws-cdk-lib';
import { Fail, Pass } from 'aws-cdk-lib/aws-stepfunctions';
import { PERMIT_STATES_ACTIONS } from '../../lib/permissions.js';
import { until } from '../e2e/rig.js';
import { pause, Rig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.proxy.forget());

/** Who holds the permits of a semaphore, by number. */
async function holdersOf(name: string, permits: number): Promise<(string | undefined)[]> {
  const entries = await Promise.all(Array.from({ length: permits }, (_, index) => rig.entry(`${name}#${index}`)));
  return entries.map((entry) => entry?.['hostIdentifier']?.S);
}

test('executions and our client share the permits, and whoever comes late waits for one', async () => {
  const name = 'shared';
  const machine = await rig.machine((stack, locks) => locks.protect(pause(stack, 4), { name, permits: 2 }));
  const semaphore = rig.factory({ hostIdentifier: 'the client' }).createSemaphore(name, { permits: 2 });
  const ours = await semaphore.acquire();
  const first = await rig.states.begin(machine, { id: 1 });
  await until(async () => (await holdersOf(name, 2)).includes(first));
  expect(await semaphore.tryAcquire()).toBeUndefined();

  const second = await rig.states.begin(machine, { id: 2 });
  expect(await rig.states.ended(first)).toMatchObject({ status: 'SUCCEEDED', output: { id: 1 } });
  expect(await rig.states.ended(second)).toMatchObject({ status: 'SUCCEEDED', output: { id: 2 } });
  expect(await rig.states.statesOf(second)).toContain('Work lock: look');
  ours.assertHeld();
  await ours.release();
  expect(await holdersOf(name, 2)).toEqual([undefined, undefined]);
  expect(new Set(rig.proxy.requests.map(({ operation }) => `dynamodb:${operation}`))).toEqual(
    new Set(PERMIT_STATES_ACTIONS),
  );
});

test('where all are held, the execution fails and says by whom; none of them is touched', async () => {
  const machine = await rig.machine((stack, locks) =>
    locks.protect(new Pass(stack, 'Work'), { name: 'full', permits: 2, waitDuration: Duration.seconds(2) }),
  );
  for (const index of [0, 1]) await rig.putForeignEntry(`full#${index}`, 600);
  const { states, ...ended } = await rig.states.run(machine);
  expect(ended).toMatchObject({
    status: 'FAILED',
    error: 'LockNotGrantedError',
    cause: `semaphore 'full' in table '${rig.tableName}' was not granted within 2 s; when last seen, its 2 permits were held by elsewhere`,
  });
  expect(states).toContain('Work lock: pause');
  expect(await holdersOf('full', 2)).toEqual(['elsewhere', 'elsewhere']);
});

test('asked once, it takes the one that is free; after an error it is given back', async () => {
  const machine = await rig.machine((stack, locks) => {
    const options = { name: 'once', permits: 3, waitDuration: Duration.seconds(0) };
    return locks.protect(new Fail(stack, 'Work', { error: 'CardDeclined' }), options);
  });
  for (const index of [0, 2]) await rig.putForeignEntry(`once#${index}`, 600);
  for (let round = 0; round < 3; round += 1) {
    expect(await rig.states.run(machine)).toMatchObject({ status: 'FAILED', error: 'CardDeclined' });
    expect(await holdersOf('once', 3)).toEqual(['elsewhere', undefined, 'elsewhere']);
  }
});
