import type { Duration } from 'aws-cdk-lib';
import type { IChainable } from 'aws-cdk-lib/aws-stepfunctions';
import type { Known } from './known-props.js';

/** Options of a lock that steps of a state machine hold. */
export interface LynkLockStatesOptions {
  /**
   * The lock's name: a text, or an expression that is evaluated when the state machine runs. An example is
   * `JsonPath.format('account/{}', JsonPath.stringAt('$.accountId'))`. In a state machine of JSONata, an example is
   * `{% 'account/' & $states.input.accountId %}`.
   */
  readonly name: string;

  /**
   * The locks that the state machine's role may use, if `name` is an expression. Give names, or patterns such as
   * `account/*`. In a pattern, `*` stands for any text and `?` for any character.
   *
   * @default - exactly `name` if it is a text, otherwise every lock of the table
   */
  readonly names?: string[];

  /**
   * The time after which others may take the lock over. The lease is never refreshed, so it has to be at least 30
   * seconds longer than the protected steps can take. Whole seconds, from 31 to 86,400.
   *
   * @default - 30 seconds more than the protected steps can take with all timeouts and retries; required if states are
   * chained by hand
   */
  readonly leaseDuration?: Duration;

  /**
   * How long the state machine waits for a lock that others hold. Then it runs `otherwise`, or fails with
   * `LockNotGrantedError`. Up to a year. `Duration.seconds(0)` tries once.
   *
   * @default Duration.hours(1)
   */
  readonly waitDuration?: Duration;

  /**
   * How many holders the lock may have at once, from 1 to 100. The lock is then a semaphore. Its permits are the locks
   * `name#0`, `name#1` and so on. The client's `createSemaphore(name, { permits })` uses the same permits.
   *
   * @default - one holder, under the lock's own name
   */
  readonly permits?: number;

  /**
   * The steps that run instead of the protected ones if others hold the lock for `waitDuration`. They get the same
   * input as the protected steps. States that are chained after the protected steps also run after these.
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

/** The props of `LynkLockStatesOptions`. */
export const KNOWN_STATES_OPTIONS: Known<LynkLockStatesOptions> = {
  name: true,
  names: true,
  leaseDuration: true,
  waitDuration: true,
  permits: true,
  otherwise: true,
};

/** Options for protecting steps of a state machine. */
export interface LynkProtectOptions extends LynkLockStatesOptions {
  /**
   * The prefix of the states' names. State names are unique within a state machine, so this id has to be unique, too.
   *
   * @default - the name of the first protected step and ` lock`; the step's construct id and ` lock` if the name is too
   * long or already used
   */
  readonly id?: string;
}
