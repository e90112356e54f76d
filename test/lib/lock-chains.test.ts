import { App, Duration, Stack } from 'aws-cdk-lib';
import {
  DefinitionBody,
  type IChainable,
  Pass,
  StateMachine,
  Succeed,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import { LynkLockStates, LynkLockTable, type LynkProtectOptions } from '../../lib/index.js';
import { definitionIn, faultsOf } from './definition.js';

function prepare() {
  const app = new App();
  const stack = new Stack(app, 'Test');
  return { app, stack, locks: new LynkLockTable(stack, 'Locks', { tableName: 'locks' }) };
}
const work = (stack: Stack, id = 'Work') => new Wait(stack, id, { time: WaitTime.duration(Duration.seconds(5)) });
const machine = (stack: Stack, steps: IChainable) =>
  new StateMachine(stack, 'Machine', { definitionBody: DefinitionBody.fromChainable(steps) });

describe('a lock that nothing is chained to says so at synth', () => {
  test('what protect has returned is thrown away', () => {
    const { app, stack, locks } = prepare();
    locks.protect(work(stack), { name: 'nightly' });
    machine(stack, new Pass(stack, 'Other'));
    expect(() => app.synth()).toThrow(
      /\[Test\/Work lock\] what `protect` has returned is in no state machine, so no step runs/,
    );
  });

  test('states by hand, none of them used', () => {
    const { app, stack, locks } = prepare();
    new LynkLockStates(stack, 'Lock', { table: locks, name: 'a', leaseDuration: Duration.minutes(1) });
    expect(() => app.synth()).toThrow('`acquire` is in no state machine, so no step runs under the lock');
  });

  test('states by hand, without the release', () => {
    const { app, stack, locks } = prepare();
    const lock = new LynkLockStates(stack, 'Lock', { table: locks, name: 'a', leaseDuration: Duration.minutes(1) });
    machine(stack, lock.acquire.next(work(stack)));
    expect(() => app.synth()).toThrow('`acquire` is in a state machine, but `release` is not: the lock is held');
  });

  test('chained ones do not', () => {
    const { app, stack, locks } = prepare();
    const lock = new LynkLockStates(stack, 'Lock', { table: locks, name: 'a', leaseDuration: Duration.minutes(1) });
    machine(
      stack,
      lock.acquire
        .next(work(stack))
        .next(lock.release)
        .next(locks.protect(work(stack, 'B'), { name: 'b' })),
    );
    expect(() => app.synth()).not.toThrow();
  });
});

describe('where others hold the lock, other steps run', () => {
  function skipping(options: Partial<LynkProtectOptions> = {}) {
    const { stack, locks } = prepare();
    const otherwise = new Pass(stack, 'Skipped');
    const steps = locks.protect(work(stack), { name: 'a', otherwise, ...options }).next(new Pass(stack, 'After'));
    machine(stack, steps);
    return definitionIn(stack);
  }

  test('the definition is valid, and what is chained on follows both', () => {
    const definition = skipping();
    expect(faultsOf(definition)).toEqual([]);
    expect(definition.States).toMatchObject({
      'Work lock: release': { Next: 'After' },
      'Work lock: release and skip': { Next: 'Skipped' },
      Skipped: { Next: 'After' },
    });
  });

  test('they are reached only where nothing is held any more, and not by an error of the steps', () => {
    const { States } = skipping();
    const leading = Object.entries(States).filter(([, state]) => JSON.stringify(state).includes('"Skipped"'));
    expect(leading.map(([name]) => name)).toEqual(['Work lock: release and skip']);
    const skips = Object.entries(States).filter(([, state]) => JSON.stringify(state).includes('release and skip"'));
    expect(skips.map(([name]) => name)).toEqual(['Work lock: wait on', 'Work lock: time left']);
    expect(JSON.stringify(States['Work lock: wait on']?.Choices?.at(-1))).toContain('$not($lynk');
  });

  test('a chain that ends there has no end to go on from', () => {
    const { stack, locks } = prepare();
    const steps = locks.protect(work(stack), { name: 'a', otherwise: new Succeed(stack, 'Skipped') });
    machine(stack, steps.next(new Pass(stack, 'After')));
    const { States } = definitionIn(stack);
    expect(States['Skipped']).toEqual({ Type: 'Succeed' });
    expect(States['Work lock: release']).toMatchObject({ Next: 'After' });
  });
});
