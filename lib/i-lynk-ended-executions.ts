import type { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Known } from './known-props.js';

/** When the locks of an ended execution are released. */
export interface LynkEndedExecutionsOptions {
  /**
   * How long an execution keeps its locks after its end. Stopping an execution does not stop the Lambda function that
   * runs its current step. If `after` is at least the longest `timeout` of these functions, none of them still runs
   * when others get the lock. Whole seconds, up to 15 minutes.
   *
   * @default Duration.seconds(0) - the locks are released at once; fencing tokens and conditional writes protect data
   * from a step that still runs
   */
  readonly after?: Duration;
}

/** The props of `LynkEndedExecutionsOptions`. */
export const KNOWN_ENDED_EXECUTIONS: Known<LynkEndedExecutionsOptions> = { after: true };

/** The resources that release the locks of ended executions. There is one function for each table and stack. */
export interface ILynkEndedExecutions {
  /** The function that releases the locks. It may scan the lock table, and update and delete its items. */
  readonly handler: IFunction;

  /**
   * The dead-letter queue. It gets a message for each ended execution whose locks the function failed to release five
   * times. These locks become free when their leases end.
   */
  readonly deadLetterQueue: IQueue;
}
