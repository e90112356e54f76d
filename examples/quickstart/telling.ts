import type { AttributeValue } from '@aws-sdk/client-dynamodb';

/** What of a lock's entry a newcomer can make something of. */
const ATTRIBUTES = ['lockKey', 'hostIdentifier', 'leaseDuration', 'versionNumber'];

/** A lock's entry in its table. */
export type Entry = Readonly<Record<string, AttributeValue>>;

/** A chapter of the run: what is about to happen, in words. */
export function chapter(number: number, text: string): void {
  console.log(`\n${number}. ${text}\n`);
}

/** Says what was just seen. */
export function explain(text: string): void {
  console.log(`   ${text}`);
}

/** Prints an entry, an attribute a line. */
export function show(entry: Entry): void {
  for (const attribute of ATTRIBUTES) {
    const { S, N } = entry[attribute] ?? {};
    explain(`  ${attribute.padEnd(14)}  ${S ?? N}`);
  }
}
