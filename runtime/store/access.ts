/** Of a table that is encrypted with a key of the customer's own. */
const KEY = /\bkms:[A-Z]|:kms:|KMS key|AWSKMS/;
/** IAM names the kind of policy: `identity-based policy`, `VPC endpoint policy`, `permissions boundary`. */
const POLICY = /(explicit deny|because no)(?: in an?)? ?([\w -]+?(?:policy|boundary))?/i;

/**
 * What a refused permission means, and the way out.
 * @param action the IAM action that the request needs
 * @param message what DynamoDB said, or the service that gives out credentials
 */
export function refusalOf(action: string, message: string): string {
  const says = `(DynamoDB says: ${message})`;
  if (KEY.test(message)) {
    return `its KMS key may not be used; enable it, and allow kms:Decrypt by its policy and to the caller, as grantLock(…) does with encryptionKey ${says}`;
  }
  // What is missing may be another action than the one asked for, as where a role is to be assumed.
  const needed = /to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? action;
  const [, how, policy = 'policy of caller, table, VPC endpoint or organization'] = POLICY.exec(message) ?? [];
  if (how && !(how.startsWith('b') && policy.startsWith('identity'))) {
    return `${needed} is denied by the ${policy}, and no grant to the caller gets past that; change it ${says}`;
  }
  const grant = needed === 'dynamodb:Scan' ? 'grantInspect(…), without names,' : 'grantLock(…)';
  const wayOut = needed.startsWith('dynamodb:') ? `; grant it with ${grant} of LynkLockTable` : '';
  return `permission ${needed} is missing${wayOut} ${says}`;
}
