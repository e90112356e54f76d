import { Stack, Token, Tokenization } from 'aws-cdk-lib';
import { JsonPath } from 'aws-cdk-lib/aws-stepfunctions';
import type { IConstruct } from 'constructs';
import { refusal, shown } from './refusal.js';

/** DynamoDB's limit for a partition key. A lock's name is the partition key. */
const LONGEST_NAME_BYTES = 2048;

/** Conditions of a policy statement. */
export type Conditions = Record<string, Record<string, unknown>>;

/**
 * The conditions that limit a statement to the entries of these locks.
 *
 * `ForAllValues` alone is also true for a request without a key, such as a scan. `Null` requires the key, so requests
 * that cannot be limited are denied.
 */
export function onlyNames(scope: IConstruct, names: readonly string[] | undefined): Conditions | undefined {
  if (names === undefined) return undefined;
  validateNames(scope, names);
  return {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [...names] },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  };
}

function validateNames(scope: IConstruct, names: readonly string[]): void {
  if (Token.isUnresolved(names)) {
    refusePath(scope, names);
    return;
  }
  if (!Array.isArray(names)) {
    throw refusal(scope, `\`names\` is a list of lock names such as ['account/*'], got ${shown(names)}`);
  }
  if (names.length === 0) {
    throw refusal(scope, '`names` is empty: nothing would be granted; leave it out to grant every lock of the table');
  }
  for (const name of names) {
    if (Token.isUnresolved(name)) {
      refusePath(scope, name);
      continue;
    }
    if (typeof name !== 'string' || name === '') {
      throw refusal(scope, `\`names\` holds ${shown(name)}, expected a lock's name, in which * stands for any text`);
    }
    const fault = faultOf(name);
    if (fault) throw refusal(scope, `\`names\` holds ${shown(name)}, ${fault}`);
  }
}

/** Throws if a token, for the list or for one of its items, is a JSONPath. */
function refusePath(scope: IConstruct, token: unknown): void {
  if (!JsonPath.isEncodedJsonPath(Token.asString(token))) return;
  const given = shown(Stack.of(scope).resolve(token));
  throw refusal(
    scope,
    `\`names\` holds ${given}, of an execution's input, which IAM cannot see; give a pattern like account/*`,
  );
}

/** Throws if `name` is not a valid lock name. */
export function validateName(scope: IConstruct, name: string): void {
  if (Token.isUnresolved(name)) return;
  if (typeof name !== 'string' || name === '') {
    throw refusal(scope, `\`name\` is a lock's name, got ${shown(name)}`);
  }
  const fault = faultOf(name);
  if (fault) throw refusal(scope, `\`name\` is ${shown(name)}, ${fault}`);
}

/**
 * The policy pattern that matches exactly this name. It escapes `*`, `?` and `$`, which have a meaning in a condition.
 */
export function patternOf(name: string): string {
  return piecesOf(name)
    .map((piece) => (Token.isUnresolved(piece) ? piece : piece.replace(/[*?$]/g, (special) => `\${${special}}`)))
    .join('');
}

/** The tokens of a name, and the texts between them. */
function piecesOf(name: string): string[] {
  const pieces: string[] = [];
  const join = (left: string, right: string): string => {
    pieces.push(...(pieces.length === 0 ? [left, right] : [right]));
    return name;
  };
  const whole = Tokenization.reverseString(name).join({ join }) as string;
  return pieces.length === 0 ? [whole] : pieces;
}

function faultOf(name: string): string | undefined {
  if (/\p{Surrogate}/u.test(name)) return 'which is not well-formed Unicode';
  const bytes = Buffer.byteLength(name);
  if (bytes > LONGEST_NAME_BYTES) return `of ${bytes} bytes; a lock's name has at most ${LONGEST_NAME_BYTES}`;
  return undefined;
}
