import { Aws, Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Errors, JitterType, QueryLanguage, TaskStateBase, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** The name of the error for a failed condition in Step Functions' DynamoDB integrations. */
export const CONDITION_FAILED = 'DynamoDB.ConditionalCheckFailedException';

/** The timeout of one attempt. */
const ATTEMPT_SECONDS = 10;

/** One request of a state machine on the entry of a lock. */
export interface EntryTaskProps {
  readonly stateName: string;
  readonly action: 'getItem' | 'batchGetItem' | 'updateItem' | 'deleteItem';
  /** Returns the request. It is called when the state machine is created, with its query language if that is known. */
  readonly request: (language: QueryLanguage | undefined) => object;
  /** The state's output, in JSONata. */
  readonly output: string;
  /**
   * The new values of variables, from the answer, in JSONata.
   *
   * @default - none
   */
  readonly assign?: Record<string, string>;
  /**
   * The permissions that the state machine's role gets.
   *
   * @default - no further permissions
   */
  readonly policies?: PolicyStatement[];
}

/**
 * A task of Step Functions' DynamoDB integrations. The tasks of aws-cdk-lib grant access to every key of the table, and
 * need their arguments when they are created.
 */
export class EntryTask extends TaskStateBase {
  protected readonly taskMetrics = {};
  protected readonly taskPolicies: PolicyStatement[];

  constructor(
    scope: Construct,
    id: string,
    private readonly props: EntryTaskProps,
  ) {
    super(scope, id, {
      stateName: props.stateName,
      queryLanguage: QueryLanguage.JSONATA,
      taskTimeout: Timeout.duration(Duration.seconds(ATTEMPT_SECONDS)),
      outputs: props.output,
      ...(props.assign && { assign: props.assign }),
    });
    this.taskPolicies = props.policies ?? [];
  }

  /**
   * Retries errors after which it is unknown whether the request was carried out. A failed condition has its own retry
   * rule.
   */
  retryInTransit(maxAttempts: number): this {
    this.addRetry({
      errors: [Errors.ALL],
      interval: Duration.seconds(1),
      backoffRate: 2,
      maxAttempts,
      maxDelay: Duration.seconds(8),
      jitterStrategy: JitterType.FULL,
    });
    return this;
  }

  protected override _renderTask(language?: QueryLanguage): object {
    const { action, request } = this.props;
    // Step Functions' DynamoDB integration cannot read several items, so the SDK integration does.
    const service = action === 'batchGetItem' ? 'aws-sdk:dynamodb' : 'dynamodb';
    return { Resource: `arn:${Aws.PARTITION}:states:::${service}:${action}`, Arguments: request(language) };
  }
}
