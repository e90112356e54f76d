import { Aws, Duration } from 'aws-cdk-lib';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Errors, JitterType, QueryLanguage, TaskStateBase, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';

/** How a condition that was not met is called by Step Functions' DynamoDB integrations. */
export const CONDITION_FAILED = 'DynamoDB.ConditionalCheckFailedException';

/** For which one attempt may go on. */
const ATTEMPT_SECONDS = 10;

/** One request of a state machine for the entry of a lock. */
export interface EntryTaskProps {
  readonly stateName: string;
  readonly action: 'getItem' | 'batchGetItem' | 'updateItem' | 'deleteItem';
  /** The request. Asked for when the state machine is put together, whose language is told if it is known. */
  readonly request: (language: QueryLanguage | undefined) => object;
  /** The state's output, in JSONata. */
  readonly output: string;
  /**
   * What is known from the answer, by variable, in JSONata.
   *
   * @default - nothing
   */
  readonly assign?: Record<string, string>;
  /**
   * What the role of the state machine is allowed.
   *
   * @default - nothing more than for the other states
   */
  readonly policies?: PolicyStatement[];
}

/**
 * A task of Step Functions' DynamoDB integrations. Those of aws-cdk-lib allow their role any key of the table,
 * and want to know their arguments when they are made.
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

  /** Tries again if it is unknown whether the request was carried out. An answer of DynamoDB is final. */
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
    // Of the integrations made for DynamoDB, none reads several items.
    const service = action === 'batchGetItem' ? 'aws-sdk:dynamodb' : 'dynamodb';
    return { Resource: `arn:${Aws.PARTITION}:states:::${service}:${action}`, Arguments: request(language) };
  }
}
