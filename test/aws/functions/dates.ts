import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { FrontEnd } from './task.js';

/** So many requests by one client: then its connections are closed, and the next ones may reach other front ends. */
const OF_ONE_CLIENT = 100;
const AT_ONCE = 10;

/** Asks for an item that is not there, so often, and compares the answers' `Date` with this process's clock. */
export async function frontEnds(requests: number): Promise<FrontEnd[]> {
  const found = new Map<string, FrontEnd>();
  for (let left = requests; left > 0; left -= OF_ONE_CLIENT) {
    const client = new DynamoDBClient();
    client.middlewareStack.add(
      (next) => async (args) => {
        const sentMs = Date.now();
        const answered = await next(args);
        const { headers, body } = answered.response as { headers: Record<string, string>; body: IncomingMessage };
        const address = body.socket?.remoteAddress ?? 'unknown';
        found.set(
          address,
          added(found.get(address), address, { sentMs, receivedMs: Date.now(), date: headers['date'] }),
        );
        return answered;
      },
      // Each attempt by itself, before its body is read.
      { step: 'deserialize', priority: 'low', name: 'dates' },
    );
    let share = Math.min(left, OF_ONE_CLIENT);
    const ask = async (): Promise<void> => {
      for (; share > 0; ) {
        share -= 1;
        const Key = { id: { S: randomUUID() } };
        await client.send(new GetItemCommand({ TableName: process.env['DATA_TABLE'], Key }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, ask));
    client.destroy();
  }
  return [...found.values()];
}

/** A front end's clock, by what one more answer says. It was made between the two moments; `Date` is cut to a second. */
export function added(
  known: FrontEnd | undefined,
  address: string,
  answer: { readonly sentMs: number; readonly receivedMs: number; readonly date: string | undefined },
): FrontEnd {
  const dateMs = Date.parse(answer.date ?? '');
  if (Number.isNaN(dateMs)) throw new Error(`an answer's Date is ${answer.date}`);
  return {
    address,
    answers: (known?.answers ?? 0) + 1,
    aheadAtLeastMs: Math.max(known?.aheadAtLeastMs ?? -Infinity, dateMs - answer.receivedMs),
    aheadAtMostMs: Math.min(known?.aheadAtMostMs ?? Infinity, dateMs + 1000 - answer.sentMs),
  };
}
