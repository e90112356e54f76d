import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { renderedProperties } from './rendered.js';

/**
 * The `durableConfig` of a function. Older supported versions of aws-cdk-lib do not have this prop; with them, it is
 * set by a raw override.
 */
type Durability = { readonly durableConfig?: unknown };

/** Whether a function of this app has a `durableConfig` so far. It may still be added before synth. */
export function isDurable(fn: object): boolean {
  return (resourceOf(fn) as Durability | undefined)?.durableConfig !== undefined;
}

/** Whether the function has a `durableConfig` in the template. `undefined` if the function is not in a template. */
export function isDurableInTemplate(fn: object): boolean | undefined {
  const resource = resourceOf(fn);
  return resource && renderedProperties<{ DurableConfig: unknown }>(resource).DurableConfig !== undefined;
}

/**
 * The CloudFormation resource of a function of this app. A `SingletonFunction` has the resource of the function that it
 * stands for.
 */
export function resourceOf(fn: object): CfnFunction | undefined {
  const { permissionsNode, node } = fn as Partial<LambdaFunction>;
  const resource = (permissionsNode ?? node)?.defaultChild as CfnFunction | undefined;
  return resource?.cfnResourceType === 'AWS::Lambda::Function' ? resource : undefined;
}
