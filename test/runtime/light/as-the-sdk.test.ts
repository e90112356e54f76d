import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { LightConnection } from '../../../runtime/light/connection.js';
import { endpointIn } from '../../../runtime/light/endpoint.js';
import type { Unmet } from '../../../runtime/store/connection.js';
import { clientSettings } from '../../server/index.js';
import { answered, ScriptedServer, type Seen } from './scripted-server.js';

const never = new AbortController().signal;
const RUNS = { numRuns: 60 };
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'a/secret+key', sessionToken: 'a token' };

let server: ScriptedServer;
let sdk: DynamoDBClient;
let light: LightConnection;
beforeAll(async () => {
  // One attempt each: who asked is known by the order.
  process.env['AWS_MAX_ATTEMPTS'] = '1';
  server = await ScriptedServer.start();
  const settings = clientSettings(`${server.endpoint}/gate%20way/x`);
  sdk = new DynamoDBClient({ ...settings, credentials, maxAttempts: 1 });
  const environment = { AWS_REGION: settings.region, AWS_ENDPOINT_URL: settings.endpoint };
  light = new LightConnection(async () => credentials, environment);
});
afterAll(() => {
  delete process.env['AWS_MAX_ATTEMPTS'];
  sdk.destroy();
  server.stop();
});

const base64 = fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const decimal = fc.bigInt({ min: -(10n ** 37n), max: 10n ** 37n }).map(String);
const someText = fc.string({ unit: 'binary', maxLength: 12 });
/** Names that could be members of a value, too. In an answer, the SDK loses an attribute named `__proto__`. */
const name = fc.oneof(
  someText.filter((one) => one !== '__proto__'),
  fc.constantFrom('B', 'BS', 'S', 'Item', 'data'),
);

/** A value as it is on the wire. */
const { value: onWire } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.record({ S: someText }),
    fc.record({ N: decimal }),
    fc.record({ BOOL: fc.boolean() }),
    fc.constant({ NULL: true }),
    fc.record({ B: base64 }),
    fc.record({ SS: fc.array(someText, { maxLength: 3 }) }),
    fc.record({ BS: fc.array(base64, { maxLength: 3 }) }),
    fc.record({ L: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ M: fc.dictionary(name, tie('value'), { maxKeys: 3, noNullPrototype: true }) }),
  ),
}));
const wireItem = fc.dictionary(name, onWire, { maxKeys: 4, noNullPrototype: true });

/** A value as a caller of the SDK's low-level client has it. */
function given(value: object): AttributeValue {
  const { B, BS, L, M } = value as { B?: string; BS?: string[]; L?: object[]; M?: Record<string, object> };
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
  if (B !== undefined) return { B: bytes(B) };
  if (BS) return { BS: BS.map(bytes) };
  if (L) return { L: L.map(given) };
  if (M) return { M: itemOf(M) };
  return value as AttributeValue;
}
function itemOf(item: Record<string, object>): Record<string, AttributeValue> {
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, given(value)]));
}

/** What the server saw of the SDK's request, and of the light client's. */
async function bothSeen(bySdk: () => Promise<unknown>, byLight: () => Promise<unknown>): Promise<[Seen, Seen]> {
  const from = server.seen.length;
  await bySdk();
  await byLight();
  const [one, other] = server.seen.slice(from);
  if (!one || !other) throw new Error('a request is missing');
  return [one, other];
}

/** The signature by the SDK's own signer, of the headers that were signed. */
async function signatureOf({ method, path, headers, body }: Seen): Promise<string | undefined> {
  const names = /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1]?.split(';') ?? [];
  const of = Object.fromEntries(names.map((one) => [one, headers[one] ?? '']));
  const [, y, mo, d, h, mi, s] = /^(....)(..)(..)T(..)(..)(..)Z$/.exec(headers['x-amz-date'] ?? '') ?? [];
  const signer = new SignatureV4({ service: 'dynamodb', region: 'eu-west-1', credentials, sha256: sdk.config.sha256 });
  const request = { method, protocol: 'http:', hostname: '127.0.0.1', path, query: {}, headers: of, body };
  const signed = await signer.sign(request, { signingDate: new Date(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`) });
  return signed.headers['authorization'];
}

describe('a request is the SDK’s', () => {
  const SAME = [
    'host',
    'content-type',
    'content-length',
    'x-amz-target',
    'x-amz-security-token',
    'x-amz-content-sha256',
  ];

  test('in its members and in what is signed, whatever it has in it', async () => {
    await fc.assert(
      fc.asyncProperty(wireItem, fc.option(onWire, { nil: undefined }), async (item, value) => {
        const input = {
          TransactItems: [
            { Put: { TableName: 'orders', Item: itemOf(item) } },
            {
              Update: {
                TableName: 'orders',
                Key: { id: { S: 'a' } },
                UpdateExpression: 'SET x = :x',
                ...(value && { ExpressionAttributeValues: { ':x': given(value) } }),
                ConditionExpression: undefined,
              },
            },
          ],
          ClientRequestToken: 'once',
        };
        const [one, other] = await bothSeen(
          () => sdk.send(new TransactWriteItemsCommand(input)),
          () => light.send('TransactWriteItems', input, never),
        );

        expect(JSON.parse(other.body)).toEqual(JSON.parse(one.body));
        expect([other.method, other.path]).toEqual([one.method, one.path]);
        for (const header of SAME.slice(0, -1))
          expect([header, other.headers[header]]).toEqual([header, one.headers[header]]);
        if (other.body === one.body) {
          expect(other.headers['x-amz-content-sha256']).toBe(one.headers['x-amz-content-sha256']);
        }
        expect(other.headers['authorization']).toBe(await signatureOf(other));
        // The re-signing is that of the SDK: it gives the SDK's own signature too.
        expect(one.headers['authorization']).toBe(await signatureOf(one));
      }),
      RUNS,
    );
  });

  test('and signs all headers that the SDK signs, but for the name of the client', async () => {
    const [one, other] = await bothSeen(
      () => sdk.send(new GetItemCommand({ TableName: 'locks', Key: { lockKey: { S: 'a' } } })),
      () => light.send('GetItem', { TableName: 'locks', Key: { lockKey: { S: 'a' } } }, never),
    );

    const signed = ({ headers }: Seen) => /SignedHeaders=([^,]+)/.exec(headers['authorization'] ?? '')?.[1]?.split(';');
    expect(signed(other)).toEqual(signed(one)?.filter((header) => header !== 'x-amz-user-agent'));
    expect(other.headers['amz-sdk-request']).toBe('attempt=1; max=1');
  });
});

describe('an answer is the SDK’s', () => {
  test('in its members, whatever it has in it', async () => {
    await fc.assert(
      fc.asyncProperty(wireItem, wireItem, async (Item, Attributes) => {
        server.deeds.push(answered({ Item }), answered({ Item }), answered({ Attributes }), answered({ Attributes }));
        const get = { TableName: 'locks', Key: { lockKey: { S: 'a' } } };

        const { $metadata: _, ...bySdk } = await sdk.send(new GetItemCommand(get));
        expect((await light.send('GetItem', get, never)).output).toEqual(bySdk);
        const { $metadata: __, ...updated } = await sdk.send(new UpdateItemCommand(get));
        expect((await light.send('UpdateItem', get, never)).output).toEqual(updated);
      }),
      RUNS,
    );
  });

  const type = fc
    .record({
      before: fc.constantFrom('', 'com.amazonaws.dynamodb.v20120810#', 'com.amazon.coral.validate#'),
      name: fc.constantFrom(
        'ConditionalCheckFailedException',
        'TransactionCanceledException',
        'ResourceNotFoundException',
        'ProvisionedThroughputExceededException',
        'ThrottlingException',
        'ValidationException',
        'AccessDeniedException',
        'InternalServerError',
        'SomethingNew',
      ),
      after: fc.constantFrom('', ':http://internal.amazon.com/coral/'),
    })
    .map(({ before, name: middle, after }) => before + middle + after);
  const reason = fc.record(
    {
      Code: fc.constantFrom('None', 'ConditionalCheckFailed', 'TransactionConflict'),
      Message: someText,
      Item: wireItem,
    },
    { requiredKeys: ['Code'] },
  );
  const refusal = fc.record(
    {
      __type: type,
      message: someText,
      Item: wireItem,
      CancellationReasons: fc.array(reason, { maxLength: 3 }),
    },
    { requiredKeys: [] },
  );
  const properties = (error: unknown) => {
    const {
      name: named,
      message,
      $fault,
      $metadata,
      Item,
      CancellationReasons,
    } = error as Error & Unmet & { $fault: string; $metadata: { httpStatusCode: number } };
    return { named, message, $fault, status: $metadata?.httpStatusCode, Item, CancellationReasons };
  };

  test('in its error, whatever that is', async () => {
    await fc.assert(
      fc.asyncProperty(refusal, fc.constantFrom(400, 403, 413), fc.boolean(), async (body, refused, isFailing) => {
        // DynamoDB never refuses by a 5xx, nor fails by a 4xx; the SDK knows by its errors' names which is which.
        const isOfServer = /Internal/.test(body.__type ?? '');
        const isAny = /New/.test(body.__type ?? 'New');
        const status = isOfServer || (isAny && isFailing) ? 500 : refused;
        // An error has only the members that are its own: the SDK drops the others, and nothing here reads them.
        const own = /Conditional/.test(body.__type ?? '')
          ? ['Item']
          : /Canceled/.test(body.__type ?? '')
            ? ['CancellationReasons']
            : [];
        const kept = Object.fromEntries(
          Object.entries(body).filter(([member]) => ['__type', 'message', ...own].includes(member)),
        );
        server.deeds.push(answered(kept, status), answered(kept, status));
        const input = { TransactItems: [], ClientRequestToken: 'once' };

        const bySdk: unknown = await sdk.send(new TransactWriteItemsCommand(input)).catch((error) => error);
        const byLight = await light.send('TransactWriteItems', input, never).then(
          ({ unmet }) => unmet,
          (error: unknown) => error,
        );
        expect(properties(byLight)).toEqual(properties(bySdk));
      }),
      { numRuns: 200 },
    );
  });
});

describe('the endpoint is the SDK’s', () => {
  const KNOWN = ['us-east-1', 'eu-west-1', 'cn-north-1', 'us-gov-west-1', 'us-gov-east-1', 'us-iso-east-1'];
  const OTHERS = ['us-isob-east-1', 'eu-isoe-west-1', 'us-isof-south-1', 'eusc-de-east-1', 'mx-central-1', 'local'];
  const { endpointProvider } = new DynamoDBClient({}).config;

  test.each([...KNOWN, ...OTHERS, 'zz-new-1'])('in %s, with FIPS and dual-stack and without', (region) => {
    for (const isFips of [false, true]) {
      for (const isDualStack of [false, true]) {
        const environment = {
          AWS_REGION: region,
          AWS_USE_FIPS_ENDPOINT: String(isFips),
          AWS_USE_DUALSTACK_ENDPOINT: String(isDualStack),
        };
        const bySdk = () =>
          endpointProvider({ Region: region, UseFIPS: isFips, UseDualStack: isDualStack } as never, {}).url.href;
        if (region === 'local' && (isFips || isDualStack)) {
          expect(bySdk).toThrow();
          expect(() => endpointIn(environment)).toThrow(/no variant for FIPS or dual-stack/);
        } else {
          expect(endpointIn(environment).url.href).toBe(bySdk());
        }
      }
    }
  });
});
