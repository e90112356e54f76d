import { randomBytes } from 'node:crypto';
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { sentMsOf } from '../../lib/states-version.js';
import { isTombstone, parseVersion, tombstoneHoldIdFrom } from '../../runtime/protocol/version.js';
import { ENTRY, TABLE_NAME_VARIABLE } from '../../runtime/protocol/wire.js';

/**
 * Gives back what executions held that have ended: the function that `releaseEndedExecutions` deploys
 * (docs/decisions/0013-locks-of-ended-executions.md). It is bundled into `lib/give-back-code.ts`.
 */

/** What the rule says of an execution that has ended. */
export interface EndedExecution {
  /** Its ARN, which its entries have as their `hostIdentifier`. */
  readonly execution: string;
  /** When it ended, in milliseconds since the epoch. Of a state machine alone: its executions can be redriven. */
  readonly endedMs?: number;
}

type Item = Readonly<Record<string, AttributeValue>>;

/** An entry of an execution that has ended, as it was read. */
interface FoundEntry {
  readonly lockKey: string;
  readonly version: string;
  readonly execution: string;
  readonly isFenced: boolean;
}

const { lockKey, versionNumber, hostIdentifier, leaseDuration, fencingToken } = ENTRY;
/** Where the stamp of a version ends, and its hold id begins. */
const STAMP_LENGTH = 14;
/** Through the table, for one batch of messages. */
const MOST_PASSES = 5;

const client = new DynamoDBClient();
const TableName = process.env[TABLE_NAME_VARIABLE];

/** Takes messages of SQS. One that fails is delivered again, and what is given back already is then not found. */
export async function handler(event: { readonly Records: readonly { readonly body: string }[] }): Promise<void> {
  const ended = event.Records.map(({ body }) => JSON.parse(body) as EndedExecution);
  for (let pass = 1; await hasChangedDuring(ended); pass += 1) {
    if (pass === MOST_PASSES) throw new Error('entries of ended executions change all the time');
  }
}

/**
 * Gives back whatever there is.
 * @returns whether an entry changed before it was: a step that runs on may have refreshed it
 */
async function hasChangedDuring(ended: readonly EndedExecution[]): Promise<boolean> {
  let hasChanged = false;
  for await (const item of itemsOf(new Set(ended.map(({ execution }) => execution)))) {
    const found = entryIn(item, ended);
    if (!found) continue;
    const isGivenBack = await giveBack(found);
    hasChanged ||= !isGivenBack;
    const { execution, lockKey: lockName } = found;
    const outcome = isGivenBack ? 'was given back' : 'changed meanwhile';
    console.log(JSON.stringify({ message: `a lock of an ended execution ${outcome}`, lockName, execution }));
  }
  return hasChanged;
}

/** Every item of the table that names one of these executions. */
async function* itemsOf(executions: ReadonlySet<string>): AsyncGenerator<Item> {
  const values = [...executions].map((execution, index): [string, AttributeValue] => [`:e${index}`, { S: execution }]);
  let ExclusiveStartKey: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName,
        ConsistentRead: true,
        FilterExpression: `${hostIdentifier} IN (${values.map(([name]) => name).join()})`,
        ProjectionExpression: [lockKey, versionNumber, hostIdentifier, leaseDuration, fencingToken].join(),
        ExpressionAttributeValues: Object.fromEntries(values),
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    yield* page.Items ?? [];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** The entry, if it is one that an execution held when it ended. What is no lock's entry is left alone. */
function entryIn(item: Item, ended: readonly EndedExecution[]): FoundEntry | undefined {
  const [key, version, execution] = [lockKey, versionNumber, hostIdentifier].map((name) => item[name]?.S);
  const isWhole = item[leaseDuration]?.N !== undefined;
  if (!isWhole || key === undefined || version === undefined || execution === undefined) return undefined;
  const ends = ended.filter((one) => one.execution === execution);
  if (!ends.some((one) => wasHeldAt(version, one))) return undefined;
  return { lockKey: key, version, execution, isFenced: item[fencingToken] !== undefined };
}

/**
 * Whether the ended execution has written this version. That of a state machine may have been redriven since, and have
 * taken the lock again: what was sent after its end is not given back.
 */
function wasHeldAt(version: string, { endedMs }: EndedExecution): boolean {
  if (endedMs !== undefined) {
    const sentMs = sentMsOf(version);
    return sentMs !== undefined && sentMs <= endedMs;
  }
  const ours = parseVersion(version);
  // A tombstone is nobody's: it keeps a lock taken, or a token, for longer than its hold.
  return ours !== undefined && !isTombstone(ours.holdId);
}

/** Writes what the holder's own release would, in place of exactly the version that was read. */
async function giveBack({ lockKey: key, version, isFenced }: FoundEntry): Promise<boolean> {
  const entry = {
    TableName,
    Key: { [lockKey]: { S: key } },
    ConditionExpression: `${versionNumber} = :seen`,
  };
  const seen = { ':seen': { S: version } };
  const tombstone = {
    ':version': { S: version.slice(0, STAMP_LENGTH) + tombstoneHoldIdFrom(randomBytes(10)) },
    ':zero': { N: '0' },
  };
  const write = isFenced
    ? client.send(
        new UpdateItemCommand({
          ...entry,
          UpdateExpression: `SET ${versionNumber} = :version, ${leaseDuration} = :zero`,
          ExpressionAttributeValues: { ...seen, ...tombstone },
        }),
      )
    : client.send(new DeleteItemCommand({ ...entry, ExpressionAttributeValues: seen }));
  return write.then(
    () => true,
    (error: Error) => {
      if (error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    },
  );
}
