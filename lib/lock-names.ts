import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { refusal, shown } from './refusal.js';

/** DynamoDB's limit for a partition key, which a lock's name is. */
const LONGEST_NAME_BYTES = 2048;

/** Conditions of a policy statement. */
export type Conditions = Record<string, Record<string, unknown>>;

/**
 * The conditions that limit a statement to the entries of these locks.
 *
 * `ForAllValues` alone is true of a request without the key, such as a scan: `Null` asks for the key, so
 * what cannot be limited is denied.
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
  if (Token.isUnresolved(names)) return;
  if (!Array.isArray(names)) {
    throw refusal(scope, `\`names\` is a list of lock names such as ['account/*'], got ${shown(names)}`);
  }
  if (names.length === 0) {
    throw refusal(scope, '`names` is empty: nothing would be granted; leave it out to grant every lock of the table');
  }
  for (const name of names) {
    if (Token.isUnresolved(name)) continue;
    if (typeof name !== 'string' || name === '') {
      throw refusal(scope, `\`names\` holds ${shown(name)}, expected a lock's name, in which * stands for any text`);
    }
    if (/\p{Surrogate}/u.test(name)) {
      throw refusal(scope, `\`names\` holds ${shown(name)}, which is not well-formed Unicode`);
    }
    const bytes = Buffer.byteLength(name);
    if (bytes > LONGEST_NAME_BYTES) {
      throw refusal(
        scope,
        `\`names\` holds ${shown(name)}, of ${bytes} bytes; a lock's name has at most ${LONGEST_NAME_BYTES}`,
      );
    }
  }
}
