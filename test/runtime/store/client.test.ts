import * as sdk from '@aws-sdk/client-dynamodb';
import type { LockStore } from '../../../runtime/core/store.js';
import { connectionOf, factoryConnectionOf, ownConnection } from '../../../runtime/store/client.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { clientSettings, freePort } from '../../server/index.js';

const made = jest.fn();
jest.mock('@aws-sdk/client-dynamodb', () => {
  const actual = jest.requireActual<typeof sdk>('@aws-sdk/client-dynamodb');
  return {
    ...actual,
    DynamoDBClient: class extends actual.DynamoDBClient {
      constructor(...[config]: ConstructorParameters<typeof actual.DynamoDBClient>) {
        super(config as sdk.DynamoDBClientConfig);
        made(config);
      }
    },
  };
});

const never = new AbortController().signal;
const tried = (store: LockStore): Promise<unknown> => store.read('a', 'strong', never).catch((error: unknown) => error);

test('the default client is made when first needed, and once a process', async () => {
  const connections = [connectionOf(undefined), connectionOf(undefined), factoryConnectionOf(undefined)];
  expect(made).not.toHaveBeenCalled();
  expect(new Set(connections).size).toBe(1);

  const clients = connections.map((connection) => connection.client());

  expect(new Set(clients).size).toBe(1);
  expect(made).toHaveBeenCalledTimes(1);
});

test('the default client drops silent connections soon', () => {
  connectionOf(undefined).client();

  const [config] = made.mock.calls[0] as [sdk.DynamoDBClientConfig];
  expect(config.requestHandler).toEqual({
    connectionTimeout: 1000,
    requestTimeout: 1500,
    // Without this, the SDK only warns.
    throwOnRequestTimeout: true,
  });
  // Region, endpoint and credentials are those of the environment.
  expect(Object.keys(config)).toEqual(['cacheMiddleware', 'requestHandler']);
});

test.each([
  ['the default client', 1, (config: object) => ownConnection(config)],
  ['a client of the user’s own', 3, (config: object) => connectionOf(new sdk.DynamoDBClient(config))],
])('%s makes the handler of a command for three requests: %d', async (_, times, connect) => {
  const resolved = jest.spyOn(sdk.GetItemCommand.prototype, 'resolveMiddleware');
  const connection = connect({ ...clientSettings(`http://127.0.0.1:${await freePort()}`), maxAttempts: 1 });
  const store = new DynamoDBStore('locks', connection);

  for (let request = 0; request < 3; request += 1) await tried(store);

  expect(resolved).toHaveBeenCalledTimes(times);
  connection.client().destroy();
  resolved.mockRestore();
});

test('connections are kept alive', async () => {
  const { requestHandler } = ownConnection({ region: 'eu-west-1' }).client().config;
  const handler = requestHandler as unknown as { configProvider: Promise<{ httpsAgent: { keepAlive: boolean } }> };

  expect((await handler.configProvider).httpsAgent.keepAlive).toBe(true);
});

test('a client of the user’s own is used as it is: not reconfigured, not destroyed', async () => {
  // Prepare
  const client = new sdk.DynamoDBClient({ ...clientSettings(`http://127.0.0.1:${await freePort()}`), maxAttempts: 1 });
  const destroyed = jest.spyOn(client, 'destroy');
  const added = jest.spyOn(client.middlewareStack, 'add');
  // At its first request, the SDK completes its configuration.
  await client.send(new sdk.ListTablesCommand({})).catch(() => {});
  const config = new Map<string, unknown>(Object.entries(client.config));
  const middleware = client.middlewareStack.identify();
  const madeBefore = made.mock.calls.length;

  // Act
  const store = new DynamoDBStore('locks', connectionOf(client));
  await store.identify('a');
  await tried(store);

  // Assess
  expect(connectionOf(client).client()).toBe(client);
  expect(store.connection).toBe(connectionOf(client));
  expect(made).toHaveBeenCalledTimes(madeBefore);
  expect(destroyed).not.toHaveBeenCalled();
  expect(added).not.toHaveBeenCalled();
  expect(client.middlewareStack.identify()).toEqual(middleware);
  const changed = Object.entries(client.config).filter(([key, value]) => config.get(key) !== value);
  expect(changed.map(([key]) => key)).toEqual([]);
  client.destroy();
});

test('stores of one client share a connection, and so one corrected clock; those of two clients do not', () => {
  const [one, other] = [new sdk.DynamoDBClient({}), new sdk.DynamoDBClient({})];

  expect(connectionOf(one)).toBe(connectionOf(one));
  expect(connectionOf(one)).not.toBe(connectionOf(other));
});

describe('two stores are the same table exactly if endpoint, region and name are', () => {
  const storeIn = (table: string, config: sdk.DynamoDBClientConfig = {}): DynamoDBStore =>
    new DynamoDBStore(table, connectionOf(new sdk.DynamoDBClient({ region: 'eu-west-1', ...config })));
  const areSame = async (one: DynamoDBStore, other: DynamoDBStore): Promise<boolean> =>
    (await one.identify('a')) === (await other.identify('a'));

  test.each<[string, string, sdk.DynamoDBClientConfig, boolean]>([
    ['another client', 'locks', {}, true],
    ['another table', 'locks-2', {}, false],
    ['another region', 'locks', { region: 'eu-west-2' }, false],
    ['another endpoint', 'locks', { endpoint: 'http://127.0.0.1:8000' }, false],
  ])('%s', async (_, table, config, expected) => {
    expect(await areSame(storeIn('locks'), storeIn(table, config))).toBe(expected);
  });

  test('two equal endpoints', async () => {
    const endpoint = 'http://127.0.0.1:8000';

    expect(await areSame(storeIn('locks', { endpoint }), storeIn('locks', { endpoint }))).toBe(true);
  });
});

test('a missing region is noticed without a request, and looked up again the next time', async () => {
  const region = jest.fn(async (): Promise<string> => {
    throw new Error('Region is missing');
  });
  const store = new DynamoDBStore('locks', connectionOf(new sdk.DynamoDBClient({ region })));

  await expect(store.identify('a')).rejects.toMatchObject({
    name: 'LockTableError',
    tableName: 'locks',
    lockName: 'a',
  });
  region.mockResolvedValue('eu-west-1');
  await expect(store.identify('a')).resolves.toContain('eu-west-1');
});
