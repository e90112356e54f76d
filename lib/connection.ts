import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { TABLE_NAME_VARIABLE } from '../runtime/protocol/wire.js';
import {
  CLIENT_LEASE_SECONDS,
  clientDefaultsOf,
  clientEnvironment,
  type LynkClientDefaults,
  secondsOf,
  validateClientDefaults,
} from './client-defaults.js';
import type { Environment } from './environment.js';
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import type { LynkConnectOptions } from './lynk-connect-options.js';
import { isOther } from './places.js';
import { refusal, shown, spelled } from './refusal.js';

const DEFAULT_PREFIX = 'LYNK';

/**
 * The table's name or ARN, as requests of a consumer have to use it. DynamoDB looks up a name in the account and Region
 * of the request. Requests from another account therefore use the table's ARN, if both accounts are known at synth.
 * Requests from another Region reach only a replica in that Region.
 */
export function addressOf(table: ILynkLockTable, consumer: IConstruct): string {
  const stack = Stack.of(consumer);
  if (isOther(table.env.region, stack.region) && !hasReplicaIn(table, stack.region)) {
    const [home, here] = [shown(table.env.region), shown(stack.region)];
    const way = 'replicate it there (`replicas`; `replicaRegions` of an imported table), or use a table of that Region';
    throw refusal(consumer, `the lock table is in ${home}, but requests from here go to ${here}: ${way}`);
  }
  if (!isOther(table.env.account, stack.account)) return table.tableName;
  const { account } = table.env;
  return stack.formatArn({ service: 'dynamodb', account, resource: 'table', resourceName: table.tableName });
}

/**
 * Whether the table has, or may have, a replica in a Region. A Region that is known only at deployment may be any
 * Region.
 */
function hasReplicaIn({ replicaRegions }: ILynkLockTable, region: string): boolean {
  return Token.isUnresolved(replicaRegions) || replicaRegions.some((replica) => !isOther(replica, region));
}

/** Sets a function's environment variables: the lock table and the client's defaults. */
export function tellFunction(environment: Environment, table: ILynkLockTable, options: LynkConnectOptions): void {
  const { scope } = environment;
  validateClientDefaults(scope, options);
  const prefix = options.variablePrefix ?? DEFAULT_PREFIX;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) || /^AWS_?/i.test(prefix)) {
    const rule = 'letters, digits and "_", begins with a letter, and is not AWS';
    throw refusal(scope, `\`variablePrefix\` is the beginning of a variable's name: ${rule}; got ${shown(prefix)}`);
  }
  const variables = { [TABLE_NAME_VARIABLE]: addressOf(table, scope), ...clientEnvironment(clientDefaultsOf(options)) };
  const given = environment.variables();
  for (const [plain, value] of Object.entries(variables)) {
    const variable = plain.replace(DEFAULT_PREFIX, prefix);
    const before = environment.told.get(variable) ?? given[variable];
    if (before !== undefined && !isSame(scope, plain, before, value)) {
      throw conflict(scope, { plain, variable, before, value, byHand: !environment.told.has(variable) });
    }
    environment.set(variable, value);
  }
}

/** Warns if the lease is longer than the function's timeout. Others would wait for a lock whose holder has ended. */
export function warnOfLongLease(environment: Environment, { leaseDuration }: LynkClientDefaults): void {
  const timeout = environment.timeoutSeconds();
  if (leaseDuration?.isUnresolved() || timeout === undefined) return;
  const lease = leaseDuration ? secondsOf(leaseDuration) : CLIENT_LEASE_SECONDS;
  if (lease <= timeout) return;
  Annotations.of(environment.scope).addWarningV2(
    'cdk-lynk:leaseOutlivesFunction',
    spelled(
      `\`leaseDuration\` is ${lease} s, but the function's \`timeout\` is ${timeout} s: a lock that an invocation ` +
        'leaves behind stays taken after every invocation has ended. Give the function more time, or connect it with ' +
        'a shorter `leaseDuration`.',
    ),
  );
}

/**
 * Whether two values are the same. A duration that is known only at deployment is a new text each time, so the resolved
 * values are compared.
 */
function isSame(scope: IConstruct, plain: string, before: string, value: string): boolean {
  if (before === value) return true;
  // The names of two tables in two stacks may resolve to the same text.
  if (plain === TABLE_NAME_VARIABLE) return false;
  const [one, other] = [before, value].map((text) => JSON.stringify(Stack.of(scope).resolve(text)));
  return one === other;
}

interface Conflict {
  /** The variable's name without a `variablePrefix`. */
  readonly plain: string;
  readonly variable: string;
  readonly before: string;
  readonly value: string;
  /** Whether the user has set the variable, and not an earlier `connect`. */
  readonly byHand: boolean;
}

function conflict(scope: IConstruct, { plain, variable, before, value, byHand }: Conflict): Error {
  // A name that is known only at deployment is a token, which means nothing to a reader.
  const values = Token.isUnresolved(before + value)
    ? `${variable} of this function is something else already`
    : `${variable} of this function is ${shown(before)} already, and cannot be ${shown(value)} too`;
  if (byHand) {
    const way = "take it out of the function's `environment`, or connect with a `variablePrefix`";
    return refusal(scope, `${values}; \`connect\` does not write over it: ${way}`);
  }
  const way =
    plain === TABLE_NAME_VARIABLE
      ? "connect the second table with a `variablePrefix` of its own: connect(fn, { variablePrefix: 'REPORTS' })"
      : 'say the same in each `connect` of the function and this table';
  return refusal(scope, `${values}; ${way}`);
}
