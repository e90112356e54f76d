import { Annotations, Stack, Token, TokenComparison } from 'aws-cdk-lib';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
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
import type { ILynkLockTable } from './i-lynk-lock-table.js';
import type { LynkConnectOptions } from './lynk-connect-options.js';
import { refusal, shown } from './refusal.js';

const DEFAULT_PREFIX = 'LYNK';
/** Lambda's own default. */
const FUNCTION_TIMEOUT_SECONDS = 3;

/** What was put into the environment of each function, so that a second table cannot silently take its place. */
const environments = new WeakMap<LambdaFunction, Map<string, string>>();

/**
 * What requests call the table: by its name, DynamoDB looks in the account and the Region that they come from. So
 * those from another account, where the two are known, get its ARN.
 */
export function addressOf({ env, tableName }: ILynkLockTable, consumer: IConstruct): string {
  const stack = Stack.of(consumer);
  if (Token.compareStrings(env.account, stack.account) !== TokenComparison.DIFFERENT) return tableName;
  return stack.formatArn({ service: 'dynamodb', account: env.account, resource: 'table', resourceName: tableName });
}

/** Tells a function which table its locks are in, and the client's defaults. */
export function tellFunction(fn: LambdaFunction, table: ILynkLockTable, options: LynkConnectOptions): void {
  validateClientDefaults(fn, options);
  const prefix = options.variablePrefix ?? DEFAULT_PREFIX;
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(prefix) || /^AWS_?/i.test(prefix)) {
    const rule = 'letters, digits and "_", begins with a letter, and is not AWS';
    throw refusal(fn, `\`variablePrefix\` is the beginning of a variable's name: ${rule}; got ${shown(prefix)}`);
  }
  const known = environments.get(fn) ?? new Map<string, string>();
  environments.set(fn, known);
  const variables = { [TABLE_NAME_VARIABLE]: addressOf(table, fn), ...clientEnvironment(clientDefaultsOf(options)) };
  for (const [plain, value] of Object.entries(variables)) {
    const variable = plain.replace(DEFAULT_PREFIX, prefix);
    const before = known.get(variable);
    if (before !== undefined && !isSame(fn, plain, before, value)) throw conflict(fn, plain, variable, before, value);
    known.set(variable, value);
    fn.addEnvironment(variable, value);
  }
}

/** Warns of a lease that goes on when no invocation of the function can: others then wait for nobody. */
export function warnOfLongLease(fn: LambdaFunction, { leaseDuration }: LynkClientDefaults): void {
  if (leaseDuration?.isUnresolved() || fn.timeout?.isUnresolved()) return;
  const lease = leaseDuration ? secondsOf(leaseDuration) : CLIENT_LEASE_SECONDS;
  const timeout = fn.timeout ? secondsOf(fn.timeout) : FUNCTION_TIMEOUT_SECONDS;
  if (lease <= timeout) return;
  Annotations.of(fn).addWarningV2(
    'cdk-lynk:leaseOutlivesFunction',
    `\`leaseDuration\` is ${lease} s, but the function's \`timeout\` is ${timeout} s: a lock that an invocation leaves ` +
      'behind stays taken after every invocation has ended. Give the function more time, or connect it with a ' +
      'shorter `leaseDuration`.',
  );
}

/** A duration that only deploy knows is another text each time, though the token is the same. */
function isSame(fn: LambdaFunction, plain: string, before: string, value: string): boolean {
  if (before === value) return true;
  // What two tables in two stacks are called may resolve to the same.
  if (plain === TABLE_NAME_VARIABLE) return false;
  const [one, other] = [before, value].map((text) => JSON.stringify(Stack.of(fn).resolve(text)));
  return one === other;
}

function conflict(fn: LambdaFunction, plain: string, variable: string, before: string, value: string): Error {
  // A name that only deploy knows is a token, which tells a reader nothing.
  const values = Token.isUnresolved(before + value)
    ? `${variable} of this function is something else already`
    : `${variable} of this function is ${shown(before)} already, and cannot be ${shown(value)} too`;
  const way =
    plain === TABLE_NAME_VARIABLE
      ? "connect the second table with a `variablePrefix` of its own: connect(fn, { variablePrefix: 'REPORTS' })"
      : 'say the same in each `connect` of the function and this table';
  return refusal(fn, `${values}; ${way}`);
}
