import type { CfnFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { renderedProperties } from './rendered.js';

/**
 * What is known of a function's durability. Not every version of aws-cdk-lib that is supported knows `durableConfig`:
 * with an older one it comes by a raw override.
 */
type Durability = { readonly durableConfig?: unknown };

/** Whether a function of this app has a `durableConfig`, as far as it is known while the tree grows. */
export function isDurable(fn: object): boolean {
  return (resourceOf(fn) as Durability | undefined)?.durableConfig !== undefined;
}

/** Whether the template will have it; `undefined` of a function that is not in a template. */
export function isDurableInTemplate(fn: object): boolean | undefined {
  const resource = resourceOf(fn);
  return resource && renderedProperties<{ DurableConfig: unknown }>(resource).DurableConfig !== undefined;
}

/** The resource of a function of this app; of a `SingletonFunction`, that of the function that it stands for. */
export function resourceOf(fn: object): CfnFunction | undefined {
  const { permissionsNode, node } = fn as Partial<LambdaFunction>;
  const resource = (permissionsNode ?? node)?.defaultChild as CfnFunction | undefined;
  return resource?.cfnResourceType === 'AWS::Lambda::Function' ? resource : undefined;
}
