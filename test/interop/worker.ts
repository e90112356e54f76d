import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { getLockFactory, type HeldLock, LockLostError } from '../../runtime/index.js';
import type { Acquisition, Answer, Counting, HandedOver, Question } from './task.js';

/**
 * A process with locks of ours, which does what it is asked on its input (task.ts). Arguments: table and
 * host identifier. The client is the default one, of the environment.
 */
const [tableName, hostIdentifier] = process.argv.slice(2);

const WAIT_SECONDS = 45;
/** What a write of the counter may take: with less left of the lock, it is not begun. */
const WRITE_SECONDS = 0.5;

const factory = getLockFactory(tableName, { hostIdentifier });
const holds = new Map<string, HeldLock>();
const client = new DynamoDBClient();
let isCounting = true;

async function answer(question: Question): Promise<unknown> {
  switch (question.ask) {
    case 'acquire':
      return acquire(question);
    case 'release':
      return held(question.lock).release();
    case 'whyNotHeld':
      return whyNotHeld(held(question.lock));
    case 'serialize':
      return held(question.lock).serialize();
    case 'deserialize':
      return deserialize(question);
    case 'count':
      return count(question);
    case 'stopCounting':
      isCounting = false;
      return undefined;
  }
}

async function acquire({ lock, leaseSeconds, waitSeconds }: Acquisition): Promise<void> {
  holds.set(lock, await factory.createLock(lock, { leaseSeconds, waitSeconds }).acquire());
}

async function deserialize({ lock, text, leaseSeconds }: HandedOver): Promise<void> {
  const receiving = getLockFactory(tableName, { hostIdentifier, leaseSeconds });
  holds.set(lock, await receiving.deserializeLock(text));
}

function held(lock: string): HeldLock {
  const hold = holds.get(lock);
  if (!hold) throw new Error(`this worker never held "${lock}"`);
  return hold;
}

/** Undefined while it is held. */
function whyNotHeld(hold: HeldLock): string | undefined {
  try {
    hold.assertHeld();
    hold.signal.throwIfAborted();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Resolves to the values that it wrote. */
async function count(counting: Counting): Promise<number[]> {
  const { lock, leaseSeconds, sections, pauseMs } = counting;
  const written: number[] = [];
  for (let section = 0; section < sections && isCounting; section += 1) {
    if (lock === null) {
      written.push(await countOnce(counting));
    } else {
      await factory
        .withLock(lock, { leaseSeconds, waitSeconds: WAIT_SECONDS }, async (hold) => {
          written.push(await countOnce(counting, hold));
        })
        .catch(tolerateLoss);
    }
    await sleep(pauseMs * (0.5 + Math.random()));
  }
  return written;
}

async function countOnce({ counterTable, counter, workMs }: Counting, hold?: HeldLock): Promise<number> {
  const key = { lockKey: { S: counter } };
  const read = new GetItemCommand({ TableName: counterTable, Key: key, ConsistentRead: true });
  const { Item } = await client.send(read);
  const value = Number(Item?.['value']?.N ?? 0) + 1;
  await sleep(workMs);
  hold?.assertHeld({ forSeconds: WRITE_SECONDS });
  await client.send(new PutItemCommand({ TableName: counterTable, Item: { ...key, value: { N: String(value) } } }));
  return value;
}

/** A machine that stalls for a lease may cost a hold, though never an update. */
function tolerateLoss(error: unknown): void {
  if (!(error instanceof LockLostError)) throw error;
}

function say(said: Answer): void {
  console.log(JSON.stringify(said));
}

const input = createInterface(process.stdin);
input.on('line', (line) => {
  const { id, ...question } = JSON.parse(line) as Question & { readonly id: number };
  answer(question).then(
    (value) => say({ id, value: value ?? null }),
    (error: Error) => say({ id, error: { name: error.name, message: error.message } }),
  );
});
// Whoever started it is gone.
input.on('close', () => process.exit());
// A first request may take long on a busy machine, and a try or a hand-over has half a lease for its own.
await factory.withLock(`warm-up of ${hostIdentifier}`, { waitSeconds: WAIT_SECONDS }, () => {});
say({ id: 0, value: null });
