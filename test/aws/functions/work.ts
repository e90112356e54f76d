import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { takeCounts } from './counts.js';
import type { Report, Task } from './task.js';

/** Between the read and the write: long enough that two without a lock get into each other's way. */
const GAP_MS = 20;
const TableName = process.env['DATA_TABLE'];
const sandbox = randomUUID();
const client = new DynamoDBClient();

/** What is done under the lock: counts up by a read and a write, which only a lock keeps together. */
export async function work({ counter = 'counter', times = 0, staySeconds = 0 }: Task): Promise<void> {
  for (let done = 0; done < times; done += 1) {
    const Key = { id: { S: counter } };
    const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    const count = Number(Item?.['count']?.N ?? 0);
    await sleep(GAP_MS);
    await client.send(new PutItemCommand({ TableName, Item: { ...Key, count: { N: String(count + 1) } } }));
  }
  await sleep(staySeconds * 1000);
}

export function report(more: Pick<Report, 'dates'> = {}): Report {
  return { sandbox, requests: takeCounts(), ...more };
}
