import { randomBytes } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as ordinary from '../../../runtime/index.js';
import { LightConnection } from '../../../runtime/light/connection.js';
import { credentialsOfEnvironment } from '../../../runtime/light/credentials.js';
import * as light from '../../../runtime/light/index.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../../server/index.js';
import { createTable, lockTable } from '../../server/table.js';

const before = { ...process.env };
const table = `light-${randomBytes(6).toString('hex')}`;
let server: TestServer;
let client: DynamoDBClient;
beforeAll(async () => {
  server = await startServer();
  client = new DynamoDBClient(clientSettings(server.endpoint));
  await createTable(client, lockTable(table));
  Object.assign(process.env, clientEnvironment(server.endpoint), { LYNK_TABLE_NAME: table });
});
afterAll(async () => {
  process.env = before;
  client.destroy();
  await server.stop();
});

const holderOf = async (name: string): Promise<unknown> =>
  (await client.send(new GetItemCommand({ TableName: table, Key: { lockKey: { S: name } }, ConsistentRead: true })))
    .Item?.['hostIdentifier'];

test('has the exports of cdk-lynk/runtime, and shares what does not depend on the client', () => {
  expect(new Set(Object.keys(light))).toEqual(new Set(Object.keys(ordinary)));
  const OWN = [
    'getLockFactory',
    'locked',
    'makeLocked',
    'singleFlight',
    'stickyLock',
    'tryWithLock',
    'withLock',
    'withLocks',
  ];
  const shared = new Map<string, unknown>(Object.entries(ordinary));
  const differing = Object.entries(light).filter(([name, value]) => value !== shared.get(name));
  expect(new Set(differing.map(([name]) => name))).toEqual(new Set(OWN));
});

const context = { awsRequestId: 'r', getRemainingTimeInMillis: () => 60_000 };

test.each<[string, () => Promise<unknown>]>([
  ['withLock', () => light.withLock('a', () => holderOf('a'))],
  ['withLock with options', () => light.withLock('a', { waitSeconds: 5 }, () => holderOf('a'))],
  ['tryWithLock', async () => (await light.tryWithLock('a', () => holderOf('a'))).acquired],
  ['withLocks', () => light.withLocks(['a', 'b'], () => holderOf('a'))],
  ['singleFlight', () => light.singleFlight('a', { freshSeconds: 10 }, async () => Boolean(await holderOf('a')))],
  ['a factory', () => light.getLockFactory().withLock('a', () => holderOf('a'))],
  ['makeLocked', light.makeLocked(() => holderOf('a'), { name: 'a' })],
  ['locked', light.locked({ name: 'a' })(() => holderOf('a'), { kind: 'method' } as ClassMethodDecoratorContext)],
  [
    'stickyLock',
    async () => {
      const sticky = light.stickyLock('a');
      const held = await sticky.use(context, () => holderOf('a'));
      await sticky.release();
      return held;
    },
  ],
])('%s holds a lock of the table in the environment', async (_, use) => {
  expect(await use()).toBeTruthy();
});

test('both clients’ locks are the same locks', async () => {
  const outcome = await light.withLock('shared', () => ordinary.tryWithLock('shared', () => 1)).catch((error) => error);
  expect(outcome).toBeInstanceOf(ordinary.LockReentrancyError);
  const held = await ordinary.getLockFactory(table, { client }).createLock('shared').acquire();
  expect(await light.tryWithLock('shared', () => 1)).toMatchObject({ acquired: false });
  await held.release();
});

test('a write that depends on the lock is carried out, or refused with the reasons of the SDK', async () => {
  const Put = { TableName: table, Item: { lockKey: { S: 'order' }, bytes: { B: Uint8Array.of(1, 2) } } };
  const refused = {
    ...Put,
    ConditionExpression: 'attribute_not_exists(lockKey)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  await light.withLock('writes', async (held) => {
    await held.transactWrite([{ Put }]);
    const error: unknown = await held.transactWrite([{ Put: refused }]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed' }, { Code: 'None' }],
    });
    expect((error as { CancellationReasons: { Item: object }[] }).CancellationReasons[0]?.Item).toEqual(Put.Item);
  });
});

describe('getLockFactory', () => {
  test('has a connection for each provider of credentials', async () => {
    const provider = jest.fn(async () => ({ accessKeyId: 'a', secretAccessKey: 's' }));
    const [one, other] = [1, 2].map(() => light.getLockFactory(table, { credentials: provider }));
    expect(await one?.withLock('own', () => 1)).toBe(1);
    expect(await other?.withLock('own', () => 1)).toBe(1);
    expect(provider.mock.calls.length).toBeGreaterThanOrEqual(4);
  });

  test('refuses what it cannot use', () => {
    const refuse = (options: object) => () => light.getLockFactory(table, options as never);
    expect(refuse({ client })).toThrow(/client of your own needs getLockFactory of cdk-lynk\/runtime/);
    expect(refuse({ credentials: { accessKeyId: 'a' } })).toThrow(/credentials is a function/);
    expect(refuse({ leaseSecond: 1 })).toThrow(light.LockOptionError);
  });
});

test('without credentials or a region, the error says the way out', async () => {
  const { AWS_ACCESS_KEY_ID } = process.env;
  delete process.env['AWS_ACCESS_KEY_ID'];
  const never = new AbortController().signal;
  const nobody = new DynamoDBStore(table, new LightConnection(credentialsOfEnvironment()));
  await expect(nobody.read('a', 'strong', never)).rejects.toMatchObject({
    name: 'LockTableError',
    message: expect.stringMatching(/^table "light-.*": no AWS credentials; set AWS_ACCESS_KEY_ID/),
  });
  process.env['AWS_ACCESS_KEY_ID'] = AWS_ACCESS_KEY_ID;
  const nowhere = new DynamoDBStore(table, new LightConnection(credentialsOfEnvironment(), {}));
  await expect(nowhere.identify('a')).rejects.toMatchObject({
    name: 'LockTableError',
    message: expect.stringContaining('the AWS region is not set; set AWS_REGION'),
  });
});

test.each([
  ['localhost:8000', /endpoint "localhost:8000" is not a URL/],
  ['nothing', /endpoint "nothing" is not a URL/],
])('an endpoint %s is refused', async (AWS_ENDPOINT_URL, message) => {
  const store = new DynamoDBStore(
    table,
    new LightConnection(async () => ({ accessKeyId: 'a', secretAccessKey: 's' }), {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL,
    }),
  );
  await expect(store.identify('a')).rejects.toThrow(message);
});
