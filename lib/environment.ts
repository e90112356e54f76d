import {
  Annotations,
  DefaultTokenResolver,
  StringConcat,
  Tokenization,
  type TokenizedStringFragments,
} from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct, type IConstruct } from 'constructs';
import { secondsOf } from './client-defaults.js';
import { isDurable, resourceOf } from './durable.js';
import { refusal, shown, spelled } from './refusal.js';

/** The part of `Function` that sets its environment. A `SingletonFunction` has it, too. */
type Told = IGrantable & { addEnvironment(key: string, value: string): unknown };

/** Lambda's default timeout. */
const FUNCTION_TIMEOUT_SECONDS = 3;

/** The variables that `connect` has set on each function, so that a second table cannot silently replace the first. */
const told = new WeakMap<object, Map<string, string>>();

/**
 * The environment of a function. The function is recognised by its methods, not by its class: a `SingletonFunction`, or
 * a `Function` of another copy of aws-cdk-lib, has another class.
 */
export class Environment {
  /** The variables that `connect` has set. */
  readonly told: Map<string, string>;

  constructor(
    private readonly fn: Told,
    /** The function's place in the construct tree. */
    readonly scope: IConstruct,
  ) {
    // Several `SingletonFunction`s may stand for one function. This node is that function's node.
    const key = this.functionNode() ?? fn;
    this.told = told.get(key) ?? new Map<string, string>();
    told.set(key, this.told);
  }

  set(variable: string, value: string): void {
    this.told.set(variable, value);
    this.fn.addEnvironment(variable, value);
  }

  /** All variables that are set so far. Tokens stay tokens, because some cannot be resolved before synth. */
  variables(): Readonly<Record<string, string>> {
    const resource = resourceOf(this.fn);
    if (resource?.environment === undefined) return {};
    const resolver = new UnresolvedTexts(new StringConcat());
    const rendered = Tokenization.resolve(resource.environment, { scope: this.scope, resolver, preparing: false });
    return rendered?.variables ?? {};
  }

  /** How long the function can hold a lock: the timeout of one invocation. `undefined` if that is unknown. */
  timeoutSeconds(): number | undefined {
    // An execution of a durable function spans several invocations.
    if (!('timeout' in this.fn) || isDurable(this.fn)) return undefined;
    const { timeout } = this.fn as Partial<LambdaFunction>;
    if (timeout?.isUnresolved()) return undefined;
    return timeout ? secondsOf(timeout) : FUNCTION_TIMEOUT_SECONDS;
  }

  private functionNode(): IConstruct['node'] | undefined {
    const { permissionsNode, node } = this.fn as Partial<LambdaFunction>;
    return permissionsNode ?? node;
  }
}

/**
 * The environment of a function. If it cannot be changed, adds a warning and returns `undefined`. Throws if `fn` is not
 * a function.
 */
export function environmentOf(table: IConstruct, fn: IGrantable): Environment | undefined {
  const scope = Construct.isConstruct(fn) ? fn : undefined;
  const { addEnvironment, functionArn } = (fn ?? {}) as Partial<Told & LambdaFunction>;
  if (typeof addEnvironment === 'function') return new Environment(fn as Told, scope ?? table);
  if (functionArn === undefined || !scope) {
    const given = scope ? shown(scope.node.path) : 'what is none';
    const way = 'for permission alone there is `grantLock`';
    throw refusal(table, `\`fn\` is a function, whose environment is told the table, got ${given}; ${way}`);
  }
  Annotations.of(scope).addWarningV2(
    'cdk-lynk:environmentNotSet',
    spelled(
      'The environment of a version, an alias or an imported function cannot be changed: this one may lock, but is not ' +
        'told the table. Connect the function itself, where it is made; for permission alone there is `grantLock`.',
    ),
  );
  return undefined;
}

/** Leaves texts unresolved, and resolves the structure around them. */
class UnresolvedTexts extends DefaultTokenResolver {
  override resolveString(fragments: TokenizedStringFragments): unknown {
    return fragments.join({ join: (left, right) => `${left}${right}` });
  }
}
