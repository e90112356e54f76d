import type { Duration } from 'aws-cdk-lib';
import type { IChainable } from 'aws-cdk-lib/aws-stepfunctions';
import type { Known } from './known-props.js';

/** The lock that steps of a state machine hold, and how. */
export interface LynkLockStatesOptions {
  /**
   * The lock's name: a text, or what tells it when the state machine runs, such as
   * `JsonPath.format('account/{}', JsonPath.stringAt('$.accountId'))`, or in a state machine of JSONata
   * `{% 'account/' & $states.input.accountId %}`.
   */
  readonly name: string;

  /**
   * The names that the role of the state machine may lock, if `name` is only known when it runs: names, or
   * patterns in which `*` stands for any text and `?` for any character, such as `account/*`.
   *
   * @default - exactly `name` if it is a text, otherwise every lock of the table
   */
  readonly names?: string[];

  /**
   * After this time others may take the lock over. The lease is never refreshed, so it has to outlast the protected
   * steps by 30 seconds. Whole seconds, from 31 to 86,400.
   *
   * @default - what the protected steps take at worst, with every time-out and retry used up, and 30 seconds;
   * if states are chained by hand, it has to be given
   */
  readonly leaseDuration?: Duration;

  /**
   * The state machine waits this long for a lock that others hold. Then it fails with `LockNotGrantedError`. Up to a
   * year; `Duration.seconds(0)` tries once.
   *
   * @default Duration.hours(1)
   */
  readonly waitDuration?: Duration;

  /**
   * How many may hold the lock at once, 1 to 100. It is then a semaphore. Its permits are the locks `name#0`, `name#1`
   * and so on, the same as those of the client's `createSemaphore(name, { permits })`.
   *
   * @default - one, under the lock's own name
   */
  readonly permits?: number;

  /**
   * The steps that run instead of the protected ones if others hold the lock for `waitDuration`. They get the input of
   * the whole, and the states that are chained on run after them.
   *
   * @default - none: the execution fails with `LockNotGrantedError`
   * @example
   * import { Duration, type Stack } from 'aws-cdk-lib';
   * import { Succeed, type TaskStateBase } from 'aws-cdk-lib/aws-stepfunctions';
   * import type { ILynkLockTable } from 'cdk-lynk';
   *
   * declare const stack: Stack;
   * declare const locks: ILynkLockTable;
   * declare const report: TaskStateBase; // with a `taskTimeout`
   *
   * locks.protect(report, {
   *   name: 'nightly-report',
   *   waitDuration: Duration.seconds(0),
   *   otherwise: new Succeed(stack, 'Somebody else is at it'),
   * });
   */
  readonly otherwise?: IChainable;
}

/** Its props. */
export const KNOWN_STATES_OPTIONS: Known<LynkLockStatesOptions> = {
  name: true,
  names: true,
  leaseDuration: true,
  waitDuration: true,
  permits: true,
  otherwise: true,
};

/** How steps of a state machine are protected. */
export interface LynkProtectOptions extends LynkLockStatesOptions {
  /**
   * What the names of the states begin with. Those are unique within a state machine, and so is this.
   *
   * @default - the name of the first protected step, and ` lock`; the step's construct id, if that is too long,
   * or another lock beside it is called so already
   */
  readonly id?: string;
}
