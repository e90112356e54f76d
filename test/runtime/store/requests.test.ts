import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { NewEntry } from '../../../runtime/core/store.js';
import { LockTableError } from '../../../runtime/errors.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';
import { factoryConnectionOf, ownConnection } from '../../../runtime/store/client.js';
import type { Connection } from '../../../runtime/store/connection.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { clientSettings } from '../../server/index.js';
import { lightConnectionTo } from '../light/to.js';

// If the clock is far off, the SDK repeats a request that failed.
const NOW = Math.floor(Date.now() / 1000) * 1000;
const HOLD = holdIdFrom(new Uint8Array(10).fill(1));
const entry: NewEntry = {
  lockKey: 'a',
  leaseSeconds: 10,
  version: formatVersion({ stampMs: NOW, timed: true, holdId: HOLD }),
  hostIdentifier: 'us',
  expiresAtSeconds: 1,
};
const theirItem = {
  lockKey: { S: 'a' },
  leaseDuration: { N: '10' },
  versionNumber: { S: 'v' },
  hostIdentifier: { S: 'b' },
};
const never = new AbortController().signal;

interface WireAnswer {
  readonly status?: number;
  readonly date?: string | undefined;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: object | string;
  readonly type?: string;
}

interface WireRequest {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** How a store reaches the server. */
const WAYS = [
  [
    'an SDK client',
    (endpoint: string) => {
      const client = new DynamoDBClient(clientSettings(endpoint));
      stops.push(() => client.destroy());
      return factoryConnectionOf(client);
    },
  ],
  [
    'the default client',
    (endpoint: string) => {
      const connection = ownConnection(clientSettings(endpoint));
      stops.push(() => connection.client().destroy());
      return connection;
    },
  ],
  ['the light client', lightConnectionTo],
] as const;
let connect: (endpoint: string) => Connection;

/** A server that gives the planned answers, one a request. */
class ScriptedServer {
  readonly sent: WireRequest[] = [];
  private readonly http = createServer((request, response) => void this.answer(request, response));

  private constructor(private readonly answers: readonly WireAnswer[]) {}

  static async start(...answers: readonly WireAnswer[]) {
    const server = new ScriptedServer(answers);
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(server.http.address() as AddressInfo).port}`;
    stops.push(() => {
      server.http.closeAllConnections();
      server.http.close();
    });
    return { sent: server.sent, store: new DynamoDBStore('locks', connect(endpoint)) };
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status = 200, date, body = {}, type = 'application/x-amz-json-1.0' } = this.answers[this.sent.length] ?? {};
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    this.sent.push({ operation, body: JSON.parse(await text(request)) });
    response.sendDate = false;
    if (date !== undefined) response.setHeader('date', date);
    response.statusCode = status;
    response.setHeader('content-type', type);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  }
}

const stops: (() => void)[] = [];
afterEach(() => {
  jest.restoreAllMocks();
  for (const stop of stops.splice(0)) stop();
});

const at = (second: number): string => new Date(NOW + second * 1000).toUTCString();
const conditionFailed = (item?: object): WireAnswer => ({
  status: 400,
  date: at(0),
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no', Item: item },
});

describe.each(WAYS)('by %s', (_, to) => {
  beforeEach(() => {
    connect = to;
  });

  test('the client’s own attempts of one request carry the same version', async () => {
    const { store, sent } = await ScriptedServer.start({ status: 500 }, { status: 500 }, { date: at(0) });

    expect(await store.acquire(entry, undefined, never)).toMatchObject({ written: true });

    expect(sent.length).toBe(3);
    expect(new Set(sent.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  test('the time of the answer counts, not that of an earlier attempt', async () => {
    const { store } = await ScriptedServer.start({ status: 500, date: at(0) }, { date: at(60) });

    expect(await store.acquire(entry, undefined, never)).toMatchObject({ dateMs: NOW + 60_000 });
  });

  test('an answer without a Date has no time, even if an earlier attempt had one', async () => {
    const { store } = await ScriptedServer.start({ status: 500, date: at(0) }, {});

    expect((await store.acquire(entry, undefined, never)).dateMs).toBeUndefined();
  });

  test('a failed condition has a Date too, and returns the entry in the same answer', async () => {
    const { store, sent } = await ScriptedServer.start(conditionFailed(theirItem));

    expect(await store.acquire(entry, undefined, never)).toMatchObject({
      written: false,
      dateMs: NOW,
      entry: { version: 'v', hostIdentifier: 'b' },
    });
    expect(sent.map(({ operation }) => operation)).toEqual(['UpdateItem']);
    expect(sent[0]?.body).toMatchObject({ ReturnValuesOnConditionCheckFailure: 'ALL_OLD' });
  });

  test('if a server does not return the entry, one consistent read does', async () => {
    const { store, sent } = await ScriptedServer.start(conditionFailed(), { date: at(1), body: { Item: theirItem } });

    expect(await store.acquire(entry, undefined, never)).toMatchObject({
      written: false,
      dateMs: NOW + 1000,
      entry: { version: 'v' },
    });
    expect(sent.map(({ operation }) => operation)).toEqual(['UpdateItem', 'GetItem']);
    expect(sent[1]?.body).toMatchObject({ ConsistentRead: true });
  });

  test('a poll is eventually consistent, which costs half', async () => {
    const { store, sent } = await ScriptedServer.start({ date: at(0) });

    await store.read('a', 'eventual', never);

    expect(sent[0]?.body).toMatchObject({ ConsistentRead: false });
  });

  test('a read of many locks is one request; locks that DynamoDB leaves out are not reported as free', async () => {
    const left = { locks: { Keys: [{ lockKey: { S: 'c' } }] } };
    const body = { Responses: { locks: [{ ...theirItem, lockKey: { S: 'b' } }] }, UnprocessedKeys: left };
    const { store, sent } = await ScriptedServer.start({ date: at(2), body });

    const { entries, dateMs } = await store.readMany(['a', 'b', 'c'], 'eventual', never);

    expect(dateMs).toBe(NOW + 2000);
    expect([...entries.keys()]).toEqual(['a', 'b']);
    expect(entries.get('a')).toBeUndefined();
    expect(entries.get('b')).toMatchObject({ version: 'v' });
    expect(sent.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    expect(sent[0]?.body).toMatchObject({ RequestItems: { locks: { ConsistentRead: false } } });
  });

  test('an answer that leaves out all locks reports none as free', async () => {
    const { store } = await ScriptedServer.start({
      body: { UnprocessedKeys: { locks: { Keys: [{ lockKey: { S: 'a' } }] } } },
    });

    expect((await store.readMany(['a'], 'strong', never)).entries.size).toBe(0);
  });

  test('a table is known by its ARN too, whatever name its answers use', async () => {
    const { store } = await ScriptedServer.start({ body: { Responses: { 'arn:some/locks': [theirItem] } } });

    expect((await store.readMany(['a'], 'strong', never)).entries.get('a')).toMatchObject({ version: 'v' });
  });

  test('a listing uses small, eventually consistent pages, and leaves the throughput to the locks', async () => {
    const { store, sent } = await ScriptedServer.start(
      { date: at(0), body: { Items: [theirItem], LastEvaluatedKey: { lockKey: { S: 'a' } } } },
      { date: at(1), body: { Items: [] } },
    );

    expect(await store.list({ prefix: '', after: undefined }, never)).toMatchObject({
      entries: [{ lockKey: 'a' }],
      next: 'a',
      dateMs: NOW,
    });
    expect(await store.list({ prefix: 'b', after: 'a' }, never)).toMatchObject({ entries: [], next: undefined });

    expect(sent.map(({ operation }) => operation)).toEqual(['Scan', 'Scan']);
    expect(sent[0]?.body).toEqual({ TableName: 'locks', Limit: 500 });
    expect(sent[1]?.body).toMatchObject({ Limit: 500, ExclusiveStartKey: { lockKey: { S: 'a' } } });
  });

  test('a listing of another kind of table is refused', async () => {
    const { store } = await ScriptedServer.start({ body: { Items: [], LastEvaluatedKey: { id: { S: 'a' } } } });

    await expect(store.list({ prefix: '', after: undefined }, never)).rejects.toThrow(
      /table "locks": it is not a lock table/,
    );
  });

  test('a listing that is not allowed names the missing grant', async () => {
    const { store } = await ScriptedServer.start({
      status: 400,
      body: { __type: 'AccessDeniedException', message: 'no' },
    });

    await expect(store.list({ prefix: '', after: undefined }, never)).rejects.toThrow(
      /permission dynamodb:Scan is missing; grant it with grantInspect\(…\), without names, of LynkLockTable/,
    );
  });

  test('a permanent refusal rejects with the way out, a failure in transit with its own error', async () => {
    const refused = (name: string): WireAnswer => ({ status: 400, body: { __type: name, message: 'no' } });
    const { store } = await ScriptedServer.start(refused('AccessDeniedException'));
    await expect(store.read('a', 'strong', never)).rejects.toThrow(LockTableError);

    const throttled = Array.from({ length: 9 }, () => refused('TransactionConflictException'));
    const other = await ScriptedServer.start(...throttled);
    await expect(other.store.read('a', 'strong', never)).rejects.toMatchObject({
      name: 'TransactionConflictException',
    });
  });

  describe('a middlebox’s answer, which a client might take for success,', () => {
    const empty = { date: at(0), body: '' };
    const page = { date: at(0), body: '', type: 'text/html' };

    test.each([empty, page])('is no answer: the client tries again (%j)', async (wrong) => {
      const { store, sent } = await ScriptedServer.start(wrong, conditionFailed(theirItem));

      expect(await store.acquire(entry, undefined, never)).toMatchObject({ written: false, entry: { version: 'v' } });
      expect(sent.length).toBe(2);
    });

    test.each([
      ['acquire', (store: DynamoDBStore) => store.acquire(entry, undefined, never)],
      ['release', (store: DynamoDBStore) => store.release('a', HOLD, never)],
      ['read', (store: DynamoDBStore) => store.read('a', 'strong', never)],
      ['list', (store: DynamoDBStore) => store.list({ prefix: '', after: undefined }, never)],
    ])('is a failure in transit of %s if no other answer comes', async (_, ask) => {
      const { store } = await ScriptedServer.start(...Array.from({ length: 9 }, () => empty));

      await expect(ask(store)).rejects.toMatchObject({ message: expect.stringContaining("not DynamoDB's") });
      await expect(ask(store)).rejects.not.toBeInstanceOf(LockTableError);
    });
  });

  test('a request ends when its signal aborts', async () => {
    const { store } = await ScriptedServer.start();
    const controller = new AbortController();
    controller.abort();

    await expect(store.read('a', 'strong', controller.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('if its signal aborts in the pause before the next attempt, that one is not sent', async () => {
    // The pause then lasts for some 500 ms at least.
    jest.spyOn(Math, 'random').mockReturnValue(0.99);
    const throttled = { status: 400, body: { __type: 'ThrottlingException', message: 'slow down' } };
    const { store, sent } = await ScriptedServer.start(throttled, { date: at(0) });
    const controller = new AbortController();

    const asked = store.read('a', 'strong', controller.signal);
    while (sent.length === 0) await sleep(5);
    await sleep(50);
    controller.abort();

    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(sent.length).toBe(1);
  });

  test('requests at the same time have signals and Dates of their own', async () => {
    const item = (version: string) => ({ Item: { ...theirItem, versionNumber: { S: version } } });
    const { store } = await ScriptedServer.start(
      { date: at(1), body: item('1') },
      { date: at(2), body: item('2') },
      { date: at(3), body: item('3') },
    );
    const controller = new AbortController();
    controller.abort();

    const [aborted, ...read] = await Promise.allSettled(
      [controller.signal, never, never, never].map((signal) => store.read('a', 'strong', signal)),
    );

    expect(aborted?.status).toBe('rejected');
    const values = read.map((one) => one.status === 'fulfilled' && one.value);
    expect(values.map((value) => value && [value.entry?.version, value.dateMs]).sort()).toEqual([
      ['1', NOW + 1000],
      ['2', NOW + 2000],
      ['3', NOW + 3000],
    ]);
  });
});
