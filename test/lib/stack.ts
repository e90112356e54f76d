import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Code, type FunctionProps, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LynkLockTable, type LynkLockTableProps } from '../../lib/index.js';

export const ENV = { account: '123456789012', region: 'eu-west-1' };

/** A stack of its own for a test. */
export function newStack(props: StackProps = {}): Stack {
  return new Stack(new App(), 'Test', props);
}

/** The properties of the one table that these props give. */
export function tableOf(props: LynkLockTableProps, stack = newStack()) {
  new LynkLockTable(stack, 'Locks', props);
  return tableIn(stack);
}

/** The properties of a stack's one table, and of its replica in the stack's own Region. */
export function tableIn(stack: Stack) {
  const resources = Object.values(Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable'));
  expect(resources).toHaveLength(1);
  const [{ Properties: properties, ...resource } = { Properties: {} }] = resources;
  const replicas = properties.Replicas as { readonly Region: unknown }[];
  const own = replicas.find(({ Region }) => Region === stack.region) ?? replicas[0];
  return { properties, resource: resource as Record<string, unknown>, own, replicas };
}

export function newFunction(stack: Stack, id = 'Fn', props: Partial<FunctionProps> = {}): LambdaFunction {
  const code = Code.fromInline('exports.handler = async () => {}');
  return new LambdaFunction(stack, id, { runtime: Runtime.NODEJS_22_X, handler: 'index.handler', code, ...props });
}

interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** The statements of all of a stack's IAM policies. */
export function statementsIn(stack: Stack): Statement[] {
  const policies = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Policy'));
  return policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[]);
}

/** The environment of a stack's one function. */
export function environmentIn(stack: Stack): Record<string, unknown> {
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return fn?.['Properties'].Environment?.Variables ?? {};
}

/** What synth would warn of. */
export function warningsIn(stack: Stack): string[] {
  const warnings = Annotations.fromStack(stack).findWarning('*', Match.anyValue());
  return warnings.map(({ entry }) => String(entry.data));
}
