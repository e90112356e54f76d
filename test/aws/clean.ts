import type { Account } from './account.js';
import { destroy } from './cdk.js';
import { stackName } from './names.js';
import { forget, recordedRuns } from './run-record.js';

/** Destroys what runs have left in this account and Region, and nothing that has not their tag. */
export async function clean(account: Account, id: string): Promise<number> {
  const { region } = account;
  for (const { name, run } of await account.stacks()) {
    if (run === undefined) {
      console.log(`left alone: ${name} has no tag of a run`);
      continue;
    }
    await destroy({ run, account: id, region });
    console.log(`destroyed: ${name}`);
  }
  const left = (await account.stacks()).flatMap(({ run }) => run ?? []);
  for (const recorded of recordedRuns()) {
    const isOfHere = recorded.account === id && recorded.region === region;
    if (isOfHere && !left.includes(recorded.run)) forget(recorded.run);
  }
  for (const run of left) console.error(`still there: ${stackName(run)}`);
  return left.length === 0 ? 0 : 1;
}
