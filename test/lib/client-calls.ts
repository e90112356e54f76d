import { setTimeout } from 'node:timers/promises';
import { type AttributeValue, DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { getLockFactory, LockNotGrantedError } from '../../runtime/index.js';
import { clientSettings, startServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';

/** A request that a call of the client sent, as IAM sees it. */
export interface SentRequest {
  readonly call: string;
  readonly action: string;
  readonly lockName: string | undefined;
  /** All of them, where it names several. */
  readonly lockNames: readonly (string | undefined)[];
}

const TABLE = 'recorded';
/** Of the caller's own, to which the client's grants do not speak. */
const OTHER_TABLE = 'accounts';

/** Runs every call of the client that sends requests, on a server, and returns what each of them sent. */
export async function recordCalls(): Promise<SentRequest[]> {
  const server = await startServer();
  const other = new DynamoDBClient(clientSettings(server.endpoint));
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  const sent: SentRequest[] = [];
  let call: string | undefined;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const lockNames = keysOf(args.input as KeyedInput).map((key) => key['lockKey']?.S);
      const action = actionOf(context.commandName, args.input as KeyedInput);
      if (call) sent.push({ call, action, lockName: lockNames[0], lockNames });
      return next(args);
    },
    { step: 'initialize' },
  );
  /** What is sent meanwhile is this call's. */
  const during = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    call = name;
    try {
      return await work();
    } finally {
      call = undefined;
    }
  };
  const factory = getLockFactory(TABLE, { client, logger: { warn: () => {}, debug: () => {} } });
  const lock = (name: string) => factory.createLock(name);
  /** Somebody else's entry, as Python writes it. */
  const putForeign = (name: string) =>
    other.send(
      new PutItemCommand({
        TableName: TABLE,
        Item: {
          lockKey: { S: name },
          leaseDuration: { N: '20' },
          versionNumber: { S: '5f2b4a1e-8a0e-4a35-a3c1-6f3d6a0f2c11' },
          hostIdentifier: { S: 'elsewhere' },
        },
      }),
    );
  const remove = (name: string) =>
    other.send(new DeleteItemCommand({ TableName: TABLE, Key: { lockKey: { S: name } } }));

  try {
    await createTable(other, lockTable(TABLE));
    await createTable(other, lockTable(OTHER_TABLE));
    await putForeign('held');

    const free = await during('acquire', () => lock('free').acquire());
    await during('release', () => free.release());
    await during('acquire', () => lock('held').acquire({ waitSeconds: 0.4 }).catch(expectNotGranted));

    const guarded = await lock('guarded').acquire();
    await during('transactWrite', () =>
      guarded.transactWrite([{ Put: { TableName: OTHER_TABLE, Item: { lockKey: { S: 'of the caller' } } } }]),
    );
    await guarded.release();

    const tried = await during('tryAcquire', () => lock('free').tryAcquire());
    await tried?.release();
    await during('tryAcquire', () => lock('held').tryAcquire());

    const refreshed = await lock('refreshed').acquire();
    await during('refresh', () => refreshed.refresh());
    await remove('refreshed');
    await during('refresh', () => refreshed.refresh().catch(() => {}));

    const handedOver = await lock('handed over').acquire();
    const text = await during('serialize', () => handedOver.serialize());
    const adopted = await during('deserializeLock', () => factory.deserializeLock(text));
    await adopted.release();
    await during('deserializeLock', () => factory.deserializeLock(text).then(expectNever, () => {}));
    const taken = await lock('taken away').acquire();
    await remove('taken away');
    await during('serialize', () => taken.serialize().then(expectNever, () => {}));

    const semaphore = factory.createSemaphore('semaphore', { permits: 3 });
    const permit = await during('semaphore acquire', () => semaphore.acquire());
    await during('semaphore release', () => permit.release());
    for (const index of [0, 1, 2]) await putForeign(`semaphore#${index}`);
    await during('semaphore acquire', () => semaphore.acquire({ waitSeconds: 0.4 }).catch(expectNotGranted));
    // While the last request of that wait is unanswered, its caller's word is good enough, and nothing is sent.
    while (!sent.some((request) => request.call === 'semaphore tryAcquire')) {
      await during('semaphore tryAcquire', () => semaphore.tryAcquire());
      await setTimeout(20);
    }
    await during('inspect', () => factory.inspect('held'));
    await during('list', async () => {
      for await (const { name } of factory.list()) expect(name).not.toBe('');
    });
    await during('break', () => factory.break('held', { reason: 'recorded' }));
    await during('break by force', () => factory.break('held', { reason: 'recorded', force: true }));
    return sent;
  } finally {
    client.destroy();
    other.destroy();
    await server.stop();
  }
}

type Key = Record<string, AttributeValue>;

/** Where a request says which items it is about. */
interface KeyedInput {
  readonly Key?: Key;
  readonly RequestItems?: Readonly<Record<string, { readonly Keys?: readonly Key[] }>>;
  readonly TransactItems?: readonly Readonly<Record<string, { readonly TableName: string; readonly Key?: Key }>>[];
}

/** What IAM asks for: for a transaction, the action of each of its elements. */
function actionOf(commandName: string | undefined, { TransactItems = [] }: KeyedInput): string {
  const ours = TransactItems.flatMap((item) => Object.entries(item)).filter(([, { TableName }]) => TableName === TABLE);
  const actions = new Set(ours.map(([kind]) => (kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`)));
  if (actions.size > 1) throw new Error(`one action a request was expected, found ${[...actions].join()}`);
  return `dynamodb:${[...actions][0] ?? commandName?.replace('Command', '')}`;
}

function keysOf({ Key: key, RequestItems = {}, TransactItems = [] }: KeyedInput): readonly Key[] {
  const elements = TransactItems.flatMap((item) => Object.values(item)).filter(({ TableName }) => TableName === TABLE);
  if (elements.length > 0) return elements.flatMap(({ Key: one }) => (one ? [one] : []));
  return key ? [key] : Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys);
}

function expectNotGranted(error: unknown): void {
  expect(error).toBeInstanceOf(LockNotGrantedError);
}

function expectNever(): never {
  throw new Error('this was to be refused');
}
