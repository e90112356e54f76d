import { type CfnResource, Stack } from 'aws-cdk-lib';

/** The properties of a resource as the template will have them, raw overrides included. */
export function renderedProperties<Properties extends object>(resource: CfnResource): Partial<Properties> {
  const { Resources } = Stack.of(resource).resolve(resource._toCloudFormation());
  const [rendered] = Object.values(Resources) as { readonly Properties?: Partial<Properties> }[];
  return rendered?.Properties ?? {};
}
