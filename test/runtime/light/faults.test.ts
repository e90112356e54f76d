import { LockTableError } from '../../../runtime/errors.js';
import type { LightConnection } from '../../../runtime/light/connection.js';
import { crc32 } from '../../../runtime/light/crc32.js';
import { DynamoDBStore } from '../../../runtime/store/dynamodb-store.js';
import { answered, type Deed, ScriptedServer } from './scripted-server.js';
import { lightConnectionTo } from './to.js';

const never = new AbortController().signal;
const item = { lockKey: { S: 'a' }, leaseDuration: { N: '10' }, versionNumber: { S: 'v' }, hostIdentifier: { S: 'h' } };
const good = answered({ Item: item });
const refused = (name: string, status = 400): Deed => answered({ __type: `x#${name}`, message: 'because' }, status);
const page =
  (status: number): Deed =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'text/html' }).end('<html>blocked</html>');
const text = JSON.stringify({ Item: item });

let server: ScriptedServer;
let store: DynamoDBStore;
let connection: LightConnection;
beforeEach(async () => {
  server = await ScriptedServer.start();
  connection = lightConnectionTo(server.endpoint);
  store = new DynamoDBStore('locks', connection);
});
afterEach(() => server.stop());

const read = (signal = never) => store.read('a', 'strong', signal);

test.each<[string, Deed]>([
  ['a connection that is reset', (response) => void response.destroy()],
  ['silence', () => {}],
  [
    'an answer that is cut off',
    (response) => void response.writeHead(200, JSON_OF(text)).write(text.slice(0, 20), () => response.destroy()),
  ],
  ['an answer that does not end', (response) => void response.writeHead(200, JSON_OF(text)).write(text.slice(0, 20))],
  ['a wrong checksum', answered({ Item: item }, 200, { 'x-amz-crc32': '1' })],
  ['a middlebox’s page', page(200)],
  ['a middlebox’s page that says that it failed', page(503)],
  ['an answer that is no object', (response) => void response.writeHead(200, JSON_OF('null')).end('null')],
  ['an answer that is no JSON', (response) => void response.writeHead(200, JSON_OF('{"It')).end('{"It')],
  ['a failure of the server', refused('InternalServerError', 500)],
  ['a throttled request', refused('ProvisionedThroughputExceededException')],
  ['a middlebox that has too many requests', page(429)],
  ['a throttled account', refused('ThrottlingException')],
])('%s is survived by a second attempt', async (_, deed) => {
  server.deeds = [deed, good];

  expect((await read()).entry).toMatchObject({ version: 'v' });
  expect(server.seen.length).toBe(2);
  const [one, other] = server.seen.map(({ headers }) => headers);
  expect(other?.['amz-sdk-invocation-id']).toBe(one?.['amz-sdk-invocation-id']);
  expect([one, other].map((headers) => headers?.['amz-sdk-request'])).toEqual(['attempt=1; max=4', 'attempt=2; max=4']);
});

function JSON_OF(body: string) {
  return { 'content-type': 'application/x-amz-json-1.0', 'content-length': String(Buffer.byteLength(body)) };
}

test('a right checksum is none of these', async () => {
  server.deeds = [answered({ Item: item }, 200, { 'x-amz-crc32': String(crc32(Buffer.from(text))) })];

  expect((await read()).entry).toMatchObject({ version: 'v' });
  expect(server.seen.length).toBe(1);
});

test('a checksum is the one of zlib', () => {
  expect(crc32(Buffer.from('123456789'))).toBe(0xcbf43926);
});

test('connections are kept, and one that the server has ended meanwhile costs nothing but an attempt', async () => {
  await read();
  const { port } = new URL(server.endpoint);
  expect(port).not.toBe('');
  server.cut();

  server.deeds = [good];
  expect((await read()).entry).toMatchObject({ version: 'v' });
});

test('what every attempt meets is a failure in transit, after four attempts', async () => {
  server.deeds = Array.from({ length: 9 }, () => refused('InternalServerError', 500));

  const error: unknown = await read().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'InternalServerError', message: 'because' });
  expect(error).not.toBeInstanceOf(LockTableError);
  expect(server.seen.length).toBe(4);
});

test('a refusal is final at once', async () => {
  server.deeds = [refused('AccessDeniedException')];

  await expect(read()).rejects.toThrow(/permission dynamodb:GetItem is missing/);
  expect(server.seen.length).toBe(1);
});

test('an outage of the server is not met with ever more attempts', async () => {
  server.deeds = Array.from({ length: 500 }, () => refused('InternalServerError', 500));

  for (let request = 0; request < 60; request += 1) await read().catch(() => {});

  // Without the shared capacity there would be 240.
  expect(server.seen.length).toBeLessThan(100);
  expect(server.seen.length).toBeGreaterThan(80);
}, 60_000);

describe('an abort ends a request', () => {
  const aborted = async (deed: Deed, when: () => boolean): Promise<unknown> => {
    const controller = new AbortController();
    server.deeds = [deed];
    const reading = read(controller.signal).catch((error: unknown) => error);
    while (!when()) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    return reading;
  };

  test.each<[string, Deed]>([
    ['that nobody answers', () => {}],
    ['whose answer does not end', (response) => void response.writeHead(200, JSON_OF(text)).write('{')],
    ['that waits for its next attempt', refused('ThrottlingException')],
  ])('%s', async (_, deed) => {
    expect(await aborted(deed, () => server.seen.length > 0)).toMatchObject({ name: 'AbortError' });
  });
});

describe('a clock that is off', () => {
  const HOUR_MS = 3_600_000;
  const later = () => ({ date: new Date(Date.now() + HOUR_MS).toUTCString() });
  const signedAt = (index: number): number => {
    const stamp = server.seen[index]?.headers['x-amz-date'] ?? '';
    return Date.parse(stamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  };

  test('is corrected by the refusal, and the request is signed anew', async () => {
    const expired = { __type: 'x#InvalidSignatureException', message: 'Signature not yet current' };
    server.deeds = [(response, seen) => answered(expired, 400, later())(response, seen), good];

    expect((await read()).entry).toMatchObject({ version: 'v' });
    expect(server.seen.length).toBe(2);
    expect(Math.abs(signedAt(0) - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(signedAt(1) - Date.now() - HOUR_MS)).toBeLessThan(60_000);
  });

  test('is corrected by any answer', async () => {
    server.deeds = [answered({}, 200, later()), good];
    await read();
    await read();

    expect(Math.abs(signedAt(1) - Date.now() - HOUR_MS)).toBeLessThan(60_000);
  });

  test('a refused signature is final if the clock is right', async () => {
    server.deeds = [refused('InvalidSignatureException')];

    await expect(read()).rejects.toThrow(/no valid AWS credentials/);
    expect(server.seen.length).toBe(1);
  });
});

describe('X-Ray’s trace', () => {
  afterEach(() => {
    delete process.env['AWS_LAMBDA_FUNCTION_NAME'];
    delete process.env['_X_AMZN_TRACE_ID'];
    delete (globalThis as { awslambda?: object }).awslambda;
  });
  const trace = async () => {
    await read();
    return server.seen.at(-1)?.headers['x-amzn-trace-id'];
  };

  test('of the invocation is passed on, from the environment or from Lambda’s own store', async () => {
    process.env['_X_AMZN_TRACE_ID'] = 'Root=1';
    expect(await trace()).toBeUndefined();
    process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'billing';
    expect(await trace()).toBe('Root=1');
    Object.assign(globalThis, { awslambda: { InvokeStore: { getXRayTraceId: () => 'Root=2' } } });
    expect(await trace()).toBe('Root=2');
  });
});
