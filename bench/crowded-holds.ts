import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb';
import { bundled } from './bundle.js';
import type { Figure } from './figure.js';
import type { Stage } from './stage.js';

const HOLDS = 10;
/** More than twice their lease: long enough to lose a hold. */
const SECONDS = 25;
/** The most that DynamoDB takes in one request. */
const MOST_PUTS = 25;

/** Holds in a process that also has waiters, for as many other locks. */
export async function crowdedHolds(stage: Stage, waiters = 2000): Promise<Figure[]> {
  const { client } = stage.client();
  for (let from = 0; from < waiters; from += MOST_PUTS) {
    const puts = Array.from({ length: Math.min(MOST_PUTS, waiters - from) }, (_, offset) => ({
      PutRequest: { Item: entryOfAnother(`other ${from + offset}`) },
    }));
    await client.send(new BatchWriteItemCommand({ RequestItems: { [stage.table]: puts } }));
  }
  const program = await bundled('bench/crowded-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...[HOLDS, waiters, SECONDS].map(String)], {
    env: { PATH: process.env['PATH'] ?? '', NODE_NO_WARNINGS: '1', ...stage.environment },
  });
  const { living, utilization } = JSON.parse(stdout) as { living: number; utilization: number };
  console.log(`its event loop was busy for ${Math.round(utilization * 100)} % of the time`);
  const what = `${HOLDS} holds beside ${waiters.toLocaleString('en-US')} waiters of the same process, that live`;
  return [{ what, unit: '', value: living, goal: HOLDS, exact: true }];
}

function entryOfAnother(name: string) {
  return {
    lockKey: { S: name },
    leaseDuration: { N: '3600' },
    versionNumber: { S: crypto.randomUUID() },
    hostIdentifier: { S: 'another' },
  };
}
