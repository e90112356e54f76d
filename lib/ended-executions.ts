import { Duration, Names, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, type IFunction, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { TABLE_NAME_VARIABLE } from '../runtime/protocol/wire.js';
import { secondsOf } from './client-defaults.js';
import { addressOf } from './connection.js';
import type { ExecutionEnds } from './execution-ends.js';
import { GIVE_BACK_CODE } from './give-back-code.js';
import {
  type ILynkEndedExecutions,
  KNOWN_ENDED_EXECUTIONS,
  type LynkEndedExecutionsOptions,
} from './i-lynk-ended-executions.js';
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import { refuseUnknown } from './known-props.js';
import { GIVE_BACK_ACTIONS } from './permissions.js';
import { refusal, shown } from './refusal.js';

/** The longest delay of an SQS message, and the longest timeout of a Lambda function. */
const LONGEST_SECONDS = 15 * 60;
/** This is enough: a large table is scanned in seconds. */
const TIMEOUT = Duration.minutes(1);
const ATTEMPTS = 5;

/**
 * Releases the locks of executions that ended without releasing them
 * (docs/decisions/0013-locks-of-ended-executions.md).
 *
 *     execution ended ──► rule ──► queue ──► function ──► entries of the lock table
 *       (an event)         │      (delay)       │
 *                       one each                └─ failed 5 times ──► dead letters
 *
 * There is one instance for each lock table and each stack with state machines or functions. The events of ended
 * executions are in that stack's account and Region.
 */
export class EndedExecutions extends Construct implements ILynkEndedExecutions {
  /** The instance for this stack and table. The first call creates it. */
  static of(stack: Stack, table: ILynkLockTable): EndedExecutions {
    const id = `EndedExecutions${Names.nodeUniqueId(table.node)}`;
    return (stack.node.tryFindChild(id) as EndedExecutions | undefined) ?? new EndedExecutions(stack, id, table);
  }

  readonly handler: IFunction;
  readonly deadLetterQueue: IQueue;
  /** The seconds between the end of an execution and the release of its locks, by the id of the rule. */
  private readonly delays = new Map<string, number>();

  private constructor(scope: Construct, id: string, table: ILynkLockTable) {
    super(scope, id);
    this.deadLetterQueue = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // The managed policy for logs is left out, because it covers the logs of every function.
    const role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    this.handler = new LambdaFunction(this, 'Handler', {
      description: 'Gives back the locks of executions that have ended',
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline(GIVE_BACK_CODE),
      environment: { [TABLE_NAME_VARIABLE]: addressOf(table, this) },
      role,
      logGroup,
      memorySize: 256,
      timeout: TIMEOUT,
    });
    table.grants.actions(role, ...GIVE_BACK_ACTIONS);
  }

  /** Releases the locks of these executions, too. */
  watch({ source, eventPattern, message }: ExecutionEnds, options: LynkEndedExecutionsOptions): this {
    refuseUnknown(this, options, KNOWN_ENDED_EXECUTIONS, 'releaseEndedExecutions');
    const delaySeconds = delaySecondsOf(this, options.after);
    const id = `Ended${Names.nodeUniqueId(source.node)}`;
    const before = this.delays.get(id);
    if (before === delaySeconds) return this;
    if (before !== undefined) {
      const both = `${before} s and ${delaySeconds} s`;
      throw refusal(this, `\`after\` is both ${both} for the executions of ${shown(source.node.path)}`);
    }
    this.delays.set(id, delaySeconds);
    const queue = this.queueFor(delaySeconds);
    new Rule(this, id, {
      description: 'Executions that have ended, and may have left locks behind',
      eventPattern,
      targets: [new SqsQueue(queue, { message })],
    });
    return this;
  }

  private queueFor(delaySeconds: number): IQueue {
    const id = delaySeconds === 0 ? 'Ended' : `EndedFor${delaySeconds}Seconds`;
    const existing = this.node.tryFindChild(id) as Queue | undefined;
    if (existing) return existing;
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      deliveryDelay: Duration.seconds(delaySeconds),
      visibilityTimeout: Duration.seconds(2 * TIMEOUT.toSeconds()),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: ATTEMPTS },
    });
    // Each batch scans the whole table. So one scan serves up to ten messages, and at most two scans run at a time.
    this.handler.addEventSource(new SqsEventSource(queue, { batchSize: 10, maxConcurrency: 2 }));
    return queue;
  }
}

function delaySecondsOf(scope: Construct, after: Duration | undefined): number {
  if (after === undefined) return 0;
  if (after.isUnresolved()) throw refusal(scope, '`after` has to be known at synth, got a token');
  const seconds = secondsOf(after);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= LONGEST_SECONDS) return seconds;
  throw refusal(scope, `\`after\` is a whole number of seconds from 0 to ${LONGEST_SECONDS}, got ${seconds} s`);
}
