import { type IResource, Stack, Token } from 'aws-cdk-lib';
import { EventField, type EventPattern, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type IStateMachine, type StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct, type IConstruct } from 'constructs';
import { isDurableInTemplate } from './durable.js';
import { isOther } from './places.js';
import { refusal, shown, spelled } from './refusal.js';

const NOT_DURABLE =
  'this function has no `durableConfig`, so it has no executions whose locks `releaseEndedExecutions` could give back; ' +
  "a lock that an ordinary function holds ends with its lease: keep the table's `leaseDuration` short";

/**
 * The construct whose executions end, the events of these ends, and the message for the function that releases the
 * locks.
 */
export interface ExecutionEnds {
  readonly source: IConstruct;
  readonly eventPattern: EventPattern;
  readonly message: RuleTargetInput;
}

/**
 * The events of executions that end without releasing their locks. Throws if `target` is not a state machine or a
 * function.
 */
export function endsOf(scope: IConstruct, target: IResource): ExecutionEnds {
  const { stateMachineArn, functionArn } = (target ?? {}) as Partial<IStateMachine & IFunction>;
  if (!Construct.isConstruct(target) || (stateMachineArn === undefined && functionArn === undefined)) {
    const given = Construct.isConstruct(target) ? shown(target.node.path) : 'what is neither';
    throw refusal(scope, `\`target\` is a state machine or a durable function, got ${given}`);
  }
  const { region, account } = Stack.of(target);
  if (isOther(target.env.region, region) || isOther(target.env.account, account)) {
    const [there, here] = [shown(`${target.env.account}/${target.env.region}`), shown(`${account}/${region}`)];
    const why = 'EventBridge tells of an execution where it has run: call it in a stack of that account and Region';
    throw refusal(target, `the executions of \`target\` end in ${there}, but this stack is in ${here}; ${why}`);
  }
  return stateMachineArn === undefined ? ofFunction(target as IFunction) : ofStateMachine(target as IStateMachine);
}

function ofStateMachine(source: IStateMachine): ExecutionEnds {
  if ((source as Partial<StateMachine>).stateMachineType === StateMachineType.EXPRESS) {
    const why = 'whose executions end without an event; they last 5 minutes at most';
    throw refusal(source, `\`target\` is an express state machine, ${why}`);
  }
  return {
    source,
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: { stateMachineArn: [source.stateMachineArn], status: ['ABORTED', 'FAILED', 'TIMED_OUT'] },
    },
    message: RuleTargetInput.fromObject({
      execution: EventField.fromPath('$.detail.executionArn'),
      endedMs: EventField.fromPath('$.detail.stopDate'),
    }),
  };
}

function ofFunction(target: IFunction): ExecutionEnds {
  // For a version or an alias, use the function itself. An event names the version that the execution started with.
  const source = (target as Partial<{ lambda: IFunction }>).lambda ?? target;
  const arn = unqualified(source.functionArn);
  source.node.addValidation({ validate: () => (isDurableInTemplate(source) === false ? [spelled(NOT_DURABLE)] : []) });
  return {
    source,
    eventPattern: {
      source: ['aws.lambda'],
      detailType: ['Durable Execution Status Change'],
      detail: { functionArn: [arn, { prefix: `${arn}:` }], status: ['FAILED', 'STOPPED', 'TIMED_OUT'] },
    },
    message: RuleTargetInput.fromObject({ execution: EventField.fromPath('$.detail.durableExecutionArn') }),
  };
}

/** The function's ARN without its version or alias. The ARN of an imported function may have one. */
function unqualified(functionArn: string): string {
  return Token.isUnresolved(functionArn) ? functionArn : functionArn.split(':').slice(0, 7).join(':');
}
