import type { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { GraphJson } from '../../lib/worst-duration.js';

const validator = require('asl-validator') as (definition: object) => { readonly errors: unknown[] };

/** What is wrong with a definition. The validator writes into what it is given. */
export function faultsOf(definition: GraphJson): unknown[] {
  return validator(structuredClone(definition)).errors;
}

/** The definition of a stack's one state machine, as it is once deployed. */
export function definitionIn(stack: Stack): GraphJson {
  const machines = Object.values(Template.fromStack(stack).findResources('AWS::StepFunctions::StateMachine'));
  expect(machines).toHaveLength(1);
  return JSON.parse(deployed(machines[0]?.['Properties'].DefinitionString)) as GraphJson;
}

/** A text of a template, with the values that references to the partition and to resources get. */
export function deployed(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, Ref: ref } = value as { 'Fn::Join'?: [string, unknown[]]; Ref?: string };
  if (join) return join[1].map(deployed).join(join[0]);
  if (ref === undefined) return 'arn:aws:lambda:eu-west-1:123456789012:function:one';
  return ref === 'AWS::Partition' ? 'aws' : ref;
}
