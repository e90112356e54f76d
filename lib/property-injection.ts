import { PropertyInjectors } from 'aws-cdk-lib';
import { type IConstruct, Node } from 'constructs';

/**
 * The props of a construct, as the nearest `PropertyInjectors` above it would have them. aws-cdk-lib does so with a
 * decorator, which jsii takes and other compilers do not.
 */
export function injected<Props>(scope: IConstruct, id: string, uniqueId: string, props: Props): Props {
  for (let at: IConstruct | undefined = scope; at; at = Node.of(at).scope) {
    const injector = PropertyInjectors.hasPropertyInjectors(at) ? PropertyInjectors.of(at).for(uniqueId) : undefined;
    if (injector) return injector.inject(props, { scope: scope as never, id }) as Props;
  }
  return props;
}
