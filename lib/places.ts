import { Token, TokenComparison } from 'aws-cdk-lib';

/** Whether two accounts, or two Regions, are known to differ. */
export function isOther(one: string, other: string): boolean {
  return Token.compareStrings(one, other) === TokenComparison.DIFFERENT;
}
