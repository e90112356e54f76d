import { PropertyInjectors } from 'aws-cdk-lib';
import { type IConstruct, Node } from 'constructs';

/**
 * Applies the nearest `PropertyInjectors` above a construct to its props. aws-cdk-lib uses a decorator for this, which
 * jsii supports and other compilers do not.
 */
export function injected<Props>(scope: IConstruct, id: string, uniqueId: string, props: Props): Props {
  for (let at: IConstruct | undefined = scope; at; at = Node.of(at).scope) {
    const injector = PropertyInjectors.hasPropertyInjectors(at) ? PropertyInjectors.of(at).for(uniqueId) : undefined;
    if (injector) return injector.inject(props, { scope: scope as never, id }) as Props;
  }
  return props;
}
