import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  type GetItemCommand,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { ItemsRefused, type NewEntry } from '../../../runtime/core/store.js';
import { LynkError } from '../../../runtime/errors.js';
import { factoryConnectionOf } from '../../../runtime/store/client.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { lockTables } from '../../../runtime/store/lock-tables.js';

/** The answer to one request: an output, or an error that is thrown. */
interface Answer {
  readonly output?: object;
  readonly error?: Error;
  readonly headers?: Readonly<Record<string, string>> | null;
}

interface Sent {
  readonly command: string;
  readonly input: object;
  readonly signal: unknown;
}

/** A client without a network: it records what it is to send, and gives the planned answers. */
class ScriptedClient {
  readonly sent: Sent[] = [];
  readonly config: object;
  private readonly answers: Answer[];

  constructor(answers: readonly Answer[], config: object = {}) {
    this.answers = [...answers];
    this.config = config;
  }

  readonly send = async (command: GetItemCommand, options: { readonly abortSignal?: unknown } = {}) => {
    const { output = {}, error, headers = DATED } = this.answers.shift() ?? {};
    this.sent.push({ command: command.constructor.name, input: command.input, signal: options.abortSignal });
    const response = { response: { headers }, output };
    const handler = command.middlewareStack.resolve((async () => response) as never, {});
    await handler({ input: command.input });
    if (error) throw error;
    return output;
  };
}

const DATED = { date: 'Thu, 01 Jan 2026 00:00:07 GMT' };
const DATE_MS = Date.UTC(2026, 0, 1, 0, 0, 7);
const { signal } = new AbortController();
const Key = { lockKey: { S: 'a' } };
const theirs = {
  ...Key,
  leaseDuration: { N: '10' },
  versionNumber: { S: 'v' },
  hostIdentifier: { S: 'them' },
};
const theirEntry = { lockKey: 'a', leaseSeconds: 10, version: 'v', hostIdentifier: 'them' };
const entry: NewEntry = {
  lockKey: 'a',
  leaseSeconds: 20,
  version: 'w',
  hostIdentifier: 'us',
  expiresAtSeconds: 99,
};
const SET = 'SET leaseDuration = :leaseDuration, versionNumber = :versionNumber, hostIdentifier = :hostIdentifier';
const FREE =
  'attribute_not_exists(lockKey) OR (leaseDuration = :zero AND attribute_type(versionNumber, :text) AND attribute_type(hostIdentifier, :text))';
const VALUES = {
  ':leaseDuration': { N: '20' },
  ':versionNumber': { S: 'w' },
  ':hostIdentifier': { S: 'us' },
  ':expiresAt': { N: '99' },
};

function storeWith(...answers: readonly Answer[]) {
  const client = new ScriptedClient(answers);
  const store = new DynamoDBStore('locks', factoryConnectionOf(client as unknown as DynamoDBClient));
  return { store, sent: client.sent };
}

const refused = (Item?: object): Answer => ({
  error: new ConditionalCheckFailedException({ message: 'no', $metadata: {}, ...(Item && { Item: Item as never }) }),
});

describe('acquire', () => {
  test('writes if there is no entry, or a whole one that is free', async () => {
    const { store, sent } = storeWith({ output: {} });

    expect(await store.acquire(entry, undefined, signal)).toEqual({
      dateMs: DATE_MS,
      written: true,
      replaced: undefined,
    });
    expect(sent).toEqual([
      {
        command: 'UpdateItemCommand',
        signal,
        input: {
          TableName: 'locks',
          Key,
          UpdateExpression: `${SET}, expiresAt = :expiresAt REMOVE #data, holderTrace, fencingToken`,
          ConditionExpression: FREE,
          ExpressionAttributeNames: { '#data': 'data' },
          ExpressionAttributeValues: { ...VALUES, ':zero': { N: '0' }, ':text': { S: 'S' } },
          ReturnValues: 'UPDATED_OLD',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
    ]);
  });

  test('writes over a version that was assessed as expired, and reports what it was', async () => {
    const { store, sent } = storeWith({ output: { Attributes: theirs } });

    const { replaced } = await store.acquire(entry, 'v', signal);

    expect(replaced).toEqual({ version: 'v', leaseSeconds: 10, hostIdentifier: 'them' });
    expect(sent[0]?.input).toMatchObject({
      ConditionExpression: `${FREE} OR versionNumber = :expired`,
      ExpressionAttributeValues: { ':expired': { S: 'v' }, ':zero': { N: '0' }, ':text': { S: 'S' } },
    });
  });

  test('attaches a note and a trace', async () => {
    const { store, sent } = storeWith({});

    await store.acquire({ ...entry, data: 'note', holderTrace: 'trace' }, undefined, signal);

    expect(sent[0]?.input).toMatchObject({
      UpdateExpression: `${SET}, expiresAt = :expiresAt, #data = :data, holderTrace = :holderTrace REMOVE fencingToken`,
      ExpressionAttributeNames: { '#data': 'data' },
      ExpressionAttributeValues: { ':data': { S: 'note' }, ':holderTrace': { S: 'trace' } },
    });
  });

  test('sets a fencing token if there is none, or a smaller one', async () => {
    const { store, sent } = storeWith({ output: { Attributes: { fencingToken: { N: '41' } } } });

    expect(await store.acquire({ ...entry, fencingToken: 42n }, undefined, signal)).toMatchObject({ written: true });
    expect(sent[0]?.input).toMatchObject({
      UpdateExpression: `${SET}, expiresAt = :expiresAt, fencingToken = :fencingToken REMOVE #data, holderTrace`,
      ConditionExpression: `(${FREE}) AND (attribute_not_exists(fencingToken) OR fencingToken < :fencingToken)`,
      ExpressionAttributeValues: { ':fencingToken': { N: '42' }, ':zero': { N: '0' } },
    });
  });

  test('without an expiry removes the one that stands', async () => {
    const { store, sent } = storeWith({ output: {} });

    await store.acquire({ ...entry, expiresAtSeconds: undefined }, undefined, signal);

    expect(sent[0]?.input).toMatchObject({
      UpdateExpression: `${SET} REMOVE expiresAt, #data, holderTrace, fencingToken`,
    });
  });

  test('a token that is no number is reported, with the attribute', async () => {
    const { store } = storeWith(refused({ ...theirs, fencingToken: { S: 'x' } }));

    await expect(store.acquire({ ...entry, fencingToken: 7n }, undefined, signal)).rejects.toMatchObject({
      message: expect.stringContaining('fencingToken'),
      lockName: 'a',
      tableName: 'locks',
    });
  });

  test('a token that is not whole is reported, and that it was written over already', async () => {
    const { store } = storeWith({ output: { Attributes: { ...theirs, fencingToken: { N: '1.5' } } } });

    await expect(store.acquire({ ...entry, fencingToken: 7n }, undefined, signal)).rejects.toMatchObject({
      name: 'LockEntryError',
      attribute: 'fencingToken',
      message: expect.stringMatching(
        /expected a whole number; the entry was overwritten, and nobody holds it: repair or delete it$/,
      ),
    });
  });

  test('without fencing, such a token is ignored', async () => {
    const { store } = storeWith(refused({ ...theirs, fencingToken: { S: 'x' } }));

    expect(await store.acquire(entry, undefined, signal)).toMatchObject({ written: false, entry: theirEntry });
  });

  test('without fencing, such a token is written over', async () => {
    const { store } = storeWith({ output: { Attributes: { ...theirs, fencingToken: { S: 'x' } } } });

    expect(await store.acquire(entry, 'v', signal)).toMatchObject({ written: true, replaced: { version: 'v' } });
  });

  test('if it is refused, the entry comes with the refusal', async () => {
    const { store, sent } = storeWith(refused(theirs));

    expect(await store.acquire(entry, undefined, signal)).toEqual({
      dateMs: DATE_MS,
      written: false,
      entry: expect.objectContaining(theirEntry),
    });
    expect(sent).toHaveLength(1);
  });

  test('if the refusal has no entry, a consistent read gets it', async () => {
    const { store, sent } = storeWith(refused(), { output: { Item: theirs } });

    expect(await store.acquire(entry, undefined, signal)).toMatchObject({ written: false, entry: theirEntry });
    expect(sent[1]).toEqual({
      command: 'GetItemCommand',
      input: { TableName: 'locks', Key, ConsistentRead: true },
      signal,
    });
  });
});

test('adopt writes over the very version that was given, and nothing else', async () => {
  const { store, sent } = storeWith({});

  expect(await store.adopt(entry, 'given', signal)).toMatchObject({ written: true });
  expect(sent[0]?.input).toMatchObject({
    ConditionExpression: 'versionNumber = :given',
    ExpressionAttributeValues: { ...VALUES, ':given': { S: 'given' } },
    ReturnValues: 'UPDATED_OLD',
  });
});

describe('refresh', () => {
  const refresh = { lockKey: 'a', holdId: 'h', version: 'w', expiresAtSeconds: 99 };

  test('writes a later version of the same hold, and leaves its note', async () => {
    const { store, sent } = storeWith({});

    expect(await store.refresh(refresh, signal)).toMatchObject({ written: true, dateMs: DATE_MS });
    expect(sent).toEqual([
      {
        command: 'UpdateItemCommand',
        signal,
        input: {
          TableName: 'locks',
          Key,
          UpdateExpression: 'SET versionNumber = :versionNumber, expiresAt = :expiresAt',
          ConditionExpression: 'contains(versionNumber, :hold) AND versionNumber < :versionNumber',
          ExpressionAttributeNames: undefined,
          ExpressionAttributeValues: {
            ':hold': { S: 'h' },
            ':versionNumber': { S: 'w' },
            ':expiresAt': { N: '99' },
          },
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        },
      },
    ]);
  });

  test('without an expiry, as for a hand-over, removes it, and writes a note', async () => {
    const { store, sent } = storeWith({});

    await store.refresh({ ...refresh, expiresAtSeconds: undefined, data: 'note' }, signal);

    expect(sent[0]?.input).toMatchObject({
      UpdateExpression: 'SET versionNumber = :versionNumber, #data = :data REMOVE expiresAt',
      ExpressionAttributeNames: { '#data': 'data' },
      ExpressionAttributeValues: { ':data': { S: 'note' } },
    });
  });
});

test('a refresh with a fencing token demands that one', async () => {
  const { store, sent } = storeWith({});
  const fenced = { lockKey: 'a', holdId: 'h', version: 'w', expiresAtSeconds: 99, fencingToken: 9007199254740993n };

  expect(await store.refresh(fenced, signal)).toMatchObject({ written: true });
  expect(sent[0]?.input).toMatchObject({
    UpdateExpression: 'SET versionNumber = :versionNumber, expiresAt = :expiresAt',
    ConditionExpression: 'contains(versionNumber, :hold) AND versionNumber < :versionNumber AND fencingToken = :token',
    ExpressionAttributeValues: {
      ':hold': { S: 'h' },
      ':token': { N: '9007199254740993' },
      ':versionNumber': { S: 'w' },
      ':expiresAt': { N: '99' },
    },
  });
});

test.each([
  [{ output: {} }, true],
  [refused(theirs), false],
])('release deletes an entry of its hold, and no other', async (answer, written) => {
  const { store, sent } = storeWith(answer);

  expect(await store.release('a', 'h', signal)).toEqual({ dateMs: DATE_MS, written });
  expect(sent).toEqual([
    {
      command: 'DeleteItemCommand',
      signal,
      input: {
        TableName: 'locks',
        Key,
        ConditionExpression: 'contains(versionNumber, :hold)',
        ExpressionAttributeValues: { ':hold': { S: 'h' } },
      },
    },
  ]);
});

test('leave writes the tombstone, and leaves host and note as they are', async () => {
  const { store, sent } = storeWith({}, {});
  const left = { lockKey: 'a', ours: 'h', version: 'w', leaseSeconds: 0, expiresAtSeconds: 99 };
  const set = 'SET leaseDuration = :leaseDuration, versionNumber = :versionNumber, expiresAt = :expiresAt';

  await store.leave(left, signal);
  await store.leave({ ...left, hostIdentifier: 'us', data: 'note' }, signal);

  expect(sent[0]?.input).toEqual({
    TableName: 'locks',
    Key,
    UpdateExpression: set,
    ConditionExpression: 'contains(versionNumber, :ours)',
    ExpressionAttributeNames: undefined,
    ExpressionAttributeValues: {
      ':ours': { S: 'h' },
      ':leaseDuration': { N: '0' },
      ':versionNumber': { S: 'w' },
      ':expiresAt': { N: '99' },
    },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  expect(sent[1]?.input).toMatchObject({
    UpdateExpression: `${set}, hostIdentifier = :hostIdentifier, #data = :data`,
    ExpressionAttributeValues: { ':hostIdentifier': { S: 'us' }, ':data': { S: 'note' } },
  });
});

test('leave without an expiry removes the one that stands', async () => {
  const { store, sent } = storeWith({});
  const left = { lockKey: 'a', ours: 'h', version: 'w', leaseSeconds: 60, expiresAtSeconds: undefined };

  expect(await store.leave(left, signal)).toMatchObject({ written: true });
  expect(sent[0]?.input).toMatchObject({
    UpdateExpression: 'SET leaseDuration = :leaseDuration, versionNumber = :versionNumber REMOVE expiresAt',
  });
});

test('a client that resolves to nothing, like a mock, cannot be used', async () => {
  const send = () => Promise.resolve();
  const store = new DynamoDBStore('locks', factoryConnectionOf({ send } as unknown as DynamoDBClient));

  await expect(store.read('a', 'strong', signal)).rejects.toMatchObject({
    name: 'LockTableError',
    lockName: 'a',
    message: expect.stringContaining('(TypeError: its method send resolved to no answer)'),
  });
});

test.each([
  ['strong', true],
  ['eventual', false],
] as const)('a %s read', async (consistency, ConsistentRead) => {
  const { store, sent } = storeWith({ output: { Item: theirs } }, { output: {} });

  expect(await store.read('a', consistency, signal)).toMatchObject({ dateMs: DATE_MS, entry: theirEntry });
  expect(await store.read('a', consistency, signal)).toEqual({ dateMs: DATE_MS, entry: undefined });
  expect(sent[0]?.input).toEqual({ TableName: 'locks', Key, ConsistentRead });
});

test.each([
  ['strong', true],
  ['eventual', false],
] as const)('a %s read of many locks: those left out are not free', async (consistency, ConsistentRead) => {
  const output = {
    Responses: { locks: [{ ...theirs, lockKey: { S: 'b' } }] },
    UnprocessedKeys: { locks: { Keys: [{ lockKey: { S: 'c' } }] }, others: {} },
  };
  const { store, sent } = storeWith({ output }, { output: {} });

  const { entries, dateMs } = await store.readMany(['a', 'b', 'c'], consistency, signal);

  expect(dateMs).toBe(DATE_MS);
  expect([...entries]).toEqual([
    ['a', undefined],
    ['b', expect.objectContaining({ ...theirEntry, lockKey: 'b' })],
  ]);
  const Keys = ['a', 'b', 'c'].map((S) => ({ lockKey: { S } }));
  expect(sent[0]).toEqual({
    command: 'BatchGetItemCommand',
    input: { RequestItems: { locks: { Keys, ConsistentRead } } },
    signal,
  });
  expect([...(await store.readMany(['a'], consistency, signal)).entries]).toEqual([['a', undefined]]);
});

test('a malformed entry is reported, with lock and table', async () => {
  const { store } = storeWith({ output: { Item: Key } });

  await expect(store.read('a', 'strong', signal)).rejects.toMatchObject({
    name: 'LockEntryError',
    lockName: 'a',
    tableName: 'locks',
  });
});

test('a listing goes page by page', async () => {
  const { store, sent } = storeWith({ output: { Items: [theirs], LastEvaluatedKey: Key } }, { output: {} });

  const first = await store.list({ prefix: '', after: undefined }, signal);
  const last = await store.list({ prefix: 'p', after: 'a' }, signal);

  expect(first).toMatchObject({ dateMs: DATE_MS, entries: [theirEntry], next: 'a' });
  expect(last).toEqual({ dateMs: DATE_MS, entries: [], malformed: [], next: undefined });
  expect(sent.map(({ input }) => input)).toEqual([
    { TableName: 'locks', Limit: 500 },
    {
      TableName: 'locks',
      Limit: 500,
      ExclusiveStartKey: Key,
      FilterExpression: 'begins_with(lockKey, :prefix)',
      ExpressionAttributeValues: { ':prefix': { S: 'p' } },
    },
  ]);
});

test('a table with another key is not a lock table', async () => {
  const { store } = storeWith({ output: { LastEvaluatedKey: { id: { S: 'a' } } } });

  await expect(store.list({ prefix: '', after: undefined }, signal)).rejects.toMatchObject({
    message: expect.stringContaining('it is not a lock table'),
    tableName: 'locks',
  });
});

test.each([[{}], [null]])('an answer without a Date has none: headers %j', async (headers) => {
  const { store } = storeWith({ headers });

  expect(await store.read('a', 'strong', signal)).toEqual({ dateMs: undefined, entry: undefined });
});

test.each([
  ['acquire', 'UpdateItem', (store: DynamoDBStore) => store.acquire(entry, undefined, signal)],
  ['release', 'DeleteItem', (store: DynamoDBStore) => store.release('a', 'h', signal)],
  ['read', 'GetItem', (store: DynamoDBStore) => store.read('a', 'strong', signal)],
  ['readMany', 'BatchGetItem', (store: DynamoDBStore) => store.readMany(['a'], 'strong', signal)],
  ['list', 'Scan', (store: DynamoDBStore) => store.list({ prefix: '', after: undefined }, signal)],
])('the error of a %s that is not allowed names the permission', async (_, action, ask) => {
  const error = Object.assign(new Error('no'), { name: 'AccessDeniedException', $metadata: { httpStatusCode: 400 } });
  const { store } = storeWith({ error });

  const thrown = await ask(store).catch((caught: unknown) => caught);

  expect(thrown).toMatchObject({ tableName: 'locks', lockName: action === 'Scan' ? undefined : 'a', cause: error });
  expect(String(thrown)).toContain(`dynamodb:${action}`);
});

test('throttling is recognized', () => {
  const { store } = storeWith();

  expect(store.isThrottling(Object.assign(new Error('no'), { name: 'ThrottlingException' }))).toBe(true);
  expect(store.isThrottling(new Error('no'))).toBe(false);
});

describe('a guarded transaction', () => {
  const Put = { TableName: 'accounts', Item: { id: { S: '7' } } };
  const guard = { lockKey: 'a', holdId: 'h', fencingToken: undefined };
  const write = { guard, items: [{ Put }], token: 't' };
  const check = {
    TableName: 'locks',
    Key,
    ConditionExpression: 'contains(versionNumber, :lynkHold) AND leaseDuration > :lynkZero',
    ExpressionAttributeValues: { ':lynkHold': { S: 'h' }, ':lynkZero': { N: '0' } },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  const cancelled = (...CancellationReasons: readonly object[]) =>
    new TransactionCanceledException({ message: 'no', $metadata: {}, CancellationReasons: [...CancellationReasons] });

  test('carries the check last', async () => {
    const { store, sent } = storeWith({});

    expect(await store.transactWrite(write, signal)).toEqual({ dateMs: DATE_MS, written: true });
    expect(sent).toEqual([
      {
        command: 'TransactWriteItemsCommand',
        signal,
        input: { TransactItems: [{ Put }, { ConditionCheck: check }], ClientRequestToken: 't' },
      },
    ]);
  });

  test('with fencing, compares the token', () => {
    expect(storeWith().store.conditionCheck({ ...guard, fencingToken: 42n })).toEqual({
      ConditionCheck: {
        ...check,
        ConditionExpression: `${check.ConditionExpression} AND fencingToken = :lynkToken`,
        ExpressionAttributeValues: { ...check.ExpressionAttributeValues, ':lynkToken': { N: '42' } },
      },
    });
  });

  /** The error that it rejects with if DynamoDB fails like this. */
  const thrownOf = (error: Error): Promise<unknown> =>
    storeWith({ error })
      .store.transactWrite(write, signal)
      .catch((caught: unknown) => caught);

  test('is refused if the entry does not stand any more; what stands is reported', async () => {
    const error = cancelled({ Code: 'None' }, { Code: 'None' }, { Code: 'ConditionalCheckFailed', Item: theirs });
    const gone = cancelled({ Code: 'None' }, { Code: 'ConditionalCheckFailed' });
    const { store } = storeWith({ error }, { error: gone });

    expect(await store.transactWrite(write, signal)).toMatchObject({ written: false, entry: theirEntry });
    expect(await store.transactWrite(write, signal)).toEqual({ dateMs: DATE_MS, written: false, entry: undefined });
  });

  test.each([['TransactionConflict'], ['ThrottlingError'], ['ProvisionedThroughputExceeded'], [undefined]])(
    'may be tried again if only %s was in its way',
    async (Code) => {
      const error = cancelled({ Code }, { Code: 'None' }, { Code: 'TransactionConflict' });

      expect(await thrownOf(error)).toBe(error);
    },
  );

  test.each([
    ['a condition of the items', cancelled({ Code: 'ConditionalCheckFailed' }, { Code: 'TransactionConflict' })],
    ['no reason that is given', cancelled()],
    ['no reasons at all', new TransactionCanceledException({ message: 'no', $metadata: {} })],
  ])('rejects for the caller with %s', async (_, error) => {
    const thrown = await thrownOf(error);

    expect(thrown).toBeInstanceOf(ItemsRefused);
    expect((thrown as ItemsRefused).error).toBe(error);
  });

  test('rejects with the SDK’s error for the caller’s tables', async () => {
    const error = Object.assign(new Error('no'), { name: 'ValidationException', $metadata: { httpStatusCode: 400 } });
    const thrown = await thrownOf(error);

    expect(thrown).toBeInstanceOf(ItemsRefused);
    expect((thrown as ItemsRefused).error).toBe(error);
  });

  test('rejects with the error itself for a failure in transit', async () => {
    const error = Object.assign(new Error('reset'), { name: 'TimeoutError' });

    expect(await thrownOf(error)).toBe(error);
  });
});

describe('a lock is identified', () => {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB } = process.env;
  const identified = (config: object): Promise<string> => {
    const client = new ScriptedClient([], config) as unknown as DynamoDBClient;
    return new DynamoDBStore('locks', factoryConnectionOf(client)).identify('a');
  };
  const region = jest.fn(async () => 'eu-west-1');

  beforeEach(() => {
    delete process.env['AWS_ENDPOINT_URL'];
    delete process.env['AWS_ENDPOINT_URL_DYNAMODB'];
    region.mockClear();
  });
  afterAll(() => {
    Object.assign(process.env, { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB });
  });

  test('by the client’s endpoint, region, table and name', async () => {
    const endpoint = async () => ({ hostname: 'here' });

    expect(await identified({ endpoint, region })).toBe('["{\\"hostname\\":\\"here\\"}","eu-west-1","locks","a"]');
  });

  test('or by the endpoint of the environment: DynamoDB’s own before the common one', async () => {
    expect(await identified({ region })).toBe('["","eu-west-1","locks","a"]');
    process.env['AWS_ENDPOINT_URL'] = 'all';
    expect(await identified({ region })).toBe('["all","eu-west-1","locks","a"]');
    process.env['AWS_ENDPOINT_URL_DYNAMODB'] = 'own';
    expect(await identified({ region })).toBe('["own","eu-west-1","locks","a"]');
  });

  test('with one read of the configuration', async () => {
    const client = new ScriptedClient([], { region }) as unknown as DynamoDBClient;
    const store = new DynamoDBStore('locks', factoryConnectionOf(client));

    expect(await store.identify('a')).not.toBe(await store.identify('b'));
    expect(region).toHaveBeenCalledTimes(1);
  });

  test('a missing region is reported with the way out', async () => {
    const missing = async () => {
      throw new Error('Region is missing');
    };

    await expect(identified({ region: missing })).rejects.toBeInstanceOf(LynkError);
    await expect(identified({ region: missing })).rejects.toMatchObject({ lockName: 'a', tableName: 'locks' });
  });
});

describe('the lock tables of an account', () => {
  let client: ScriptedClient;
  const listed = async (...answers: readonly Answer[]): Promise<string[]> => {
    client = new ScriptedClient(answers);
    const send = jest.spyOn(DynamoDBClient.prototype, 'send').mockImplementation(client.send as never);
    const names: string[] = [];
    try {
      for await (const name of lockTables()) names.push(name);
    } finally {
      send.mockRestore();
    }
    return names;
  };
  const described = (TableArn?: string): Answer => ({ output: { Table: { TableArn } } });
  const tagged = (Key: string, Value: string): Answer => ({
    output: {
      Tags: [
        { Key: 'x', Value: 'y' },
        { Key, Value },
      ],
    },
  });

  test('are those that carry the tag, of all pages', async () => {
    const names = await listed(
      { output: { TableNames: ['one', 'two', 'three'], LastEvaluatedTableName: 'three' } },
      described('arn:one'),
      tagged('lynk', 'lock-table'),
      described('arn:two'),
      tagged('lynk', 'other'),
      described('arn:three'),
      tagged('other', 'lock-table'),
      { output: { TableNames: ['four', 'five', 'six'] } },
      described(),
      { output: {} },
      described('arn:six'),
      { output: {} },
    );

    expect(names).toEqual(['one']);
    expect(client.sent.map(({ command, input }) => [command, input])).toEqual([
      ['ListTablesCommand', { ExclusiveStartTableName: undefined }],
      ['DescribeTableCommand', { TableName: 'one' }],
      ['ListTagsOfResourceCommand', { ResourceArn: 'arn:one' }],
      ['DescribeTableCommand', { TableName: 'two' }],
      ['ListTagsOfResourceCommand', { ResourceArn: 'arn:two' }],
      ['DescribeTableCommand', { TableName: 'three' }],
      ['ListTagsOfResourceCommand', { ResourceArn: 'arn:three' }],
      ['ListTablesCommand', { ExclusiveStartTableName: 'three' }],
      ['DescribeTableCommand', { TableName: 'four' }],
      ['DescribeTableCommand', { TableName: 'five' }],
      ['DescribeTableCommand', { TableName: 'six' }],
      ['ListTagsOfResourceCommand', { ResourceArn: 'arn:six' }],
    ]);
  });

  test('of an account without tables: none', async () => {
    expect(await listed({ output: {} })).toEqual([]);
    expect(client.sent).toHaveLength(1);
  });

  test.each([
    ['ListTables', '*', []],
    ['DescribeTable', 'one', [{ output: { TableNames: ['one'] } }]],
    ['ListTagsOfResource', 'one', [{ output: { TableNames: ['one'] } }, described('arn:one')]],
  ] as const)('cannot be found without %s', async (action, tableName, before) => {
    const denied = Object.assign(new Error('no'), {
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400 },
    });
    const silence = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
    const thrown = await listed(...before, { error: denied }).catch((caught: unknown) => caught);

    expect(thrown).toMatchObject({ tableName, lockName: undefined });
    expect(String(thrown)).toContain(`dynamodb:${action}`);
    await expect(listed(...before, { error: silence })).rejects.toMatchObject({
      name: 'LockUnavailableError',
      message: `no answer from DynamoDB to ${action}`,
      tableName,
      cause: silence,
    });
  });
});
