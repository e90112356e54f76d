import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Known } from './known-props.js';

/** When the locks of an execution that has ended are given back. */
export interface LynkEndedExecutionsOptions {
  /**
   * For so long after an execution has ended, it keeps its locks. Stopping an execution does not stop the Lambda
   * function that its current step is in. With as much as the longest `timeout` of these functions, none of them still
   * runs when others get the lock. Whole seconds, up to 15 minutes.
   *
   * @default Duration.seconds(0) - at once; guarded writes and fencing tokens keep out a step that runs on
   */
  readonly after?: Duration;
}

/** Its props. */
export const KNOWN_ENDED_EXECUTIONS: Known<LynkEndedExecutionsOptions> = { after: true };

/** What gives back the locks of executions that have ended: one function for a table and a stack. */
export interface ILynkEndedExecutions {
  /** The function. It may scan the lock table, and update and delete its items. */
  readonly handler: IFunction;

  /**
   * Has a message for each ended execution whose locks the function has failed to give back five times. They are free
   * when their leases are over, as they would have been without it.
   */
  readonly deadLetterQueue: IQueue;
}
