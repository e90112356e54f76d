import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type LockFactory, LockTableError, LockUnavailableError } from '../../runtime/index.js';
import type { Fate } from '../server/fault-proxy.js';
import { Rig, rejectionOf, until } from './rig.js';

/** What no attempt gets past would be tried again for all of this, and no test is so patient. */
const WAIT_SECONDS = 3600;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterAll(() => rig.stop());

const once = (fate: Fate): void => rig.proxy.spoilNext(fate, () => true);
const withClient = (client: DynamoDBClient): LockFactory => rig.factory({ client, waitSeconds: WAIT_SECONDS });

describe('what passes is tried again, though the SDK does not, after', () => {
  const PASSING: readonly (readonly [string, Fate])[] = [
    ['a page of a middlebox in place of a refusal', { status: 403, page: '<html>Forbidden</html>' }],
    ['a page of a middlebox in place of an answer', { status: 200, page: '<html>Log in</html>' }],
    ['a page that sends elsewhere', { status: 302, page: '<html>Moved</html>' }],
    ['a refusal without a word', { status: 407, page: '' }],
    ['a refusal that is none of DynamoDB’s', { status: 403, page: '{"message":"Forbidden"}' }],
    ['a refusal that was cut off', { status: 400, page: '{"__type":"com.amazonaws.dynamodb', isCut: true }],
    ['a refusal whose end is missing', { status: 400, page: '{"__type":"com.amazonaws.dynamodb' }],
    ['an answer whose end is missing', { status: 200, page: '{"Attributes":{' }],
    ['a token that ran out', { status: 400, error: 'ExpiredTokenException', message: 'The token is expired' }],
    ['a signature of long ago', { status: 400, error: 'InvalidSignatureException', message: 'Signature expired: 1' }],
    [
      'a signature from the future',
      { status: 400, error: 'InvalidSignatureException', message: 'Signature not yet current: 2' },
    ],
  ];
  let factory: LockFactory;
  beforeAll(() => {
    factory = withClient(rig.client({ maxAttempts: 1 }));
  });

  test.each(PASSING)('%s', async (_, fate) => {
    for (const name of ['acquire', 'try'] as const) {
      once(fate);
      const lock = factory.createLock(name);
      const held = await (name === 'try' ? lock.tryAcquire() : lock.acquire());
      once(fate);
      await held?.refresh();
      once(fate);
      await held?.release();
    }
    once(fate);
    expect(await factory.inspect('acquire')).toBeUndefined();
    once(fate);
    await factory.createSemaphore('permits', { permits: 2 }).withPermit(() => {});
    once(fate);
    await factory.singleFlight('once', { freshSeconds: 4 }, () => 1);
    await rig.clear();
  });

  test('and where it does not pass in time, it is an outage', async () => {
    rig.proxy.fate = () => ({ status: 413, page: '' });

    expect(await rejectionOf(factory.createLock('a').acquire({ waitSeconds: 0.5 }))).toBeInstanceOf(
      LockUnavailableError,
    );
  });
});

describe('what does not pass ends the wait at once:', () => {
  const failing = (prepare: (client: DynamoDBClient) => void): DynamoDBClient => {
    const client = rig.client();
    prepare(client);
    return client;
  };
  const expectRefusal = async (factory: LockFactory, wayOut: RegExp): Promise<void> => {
    const asked = [
      factory.createLock('a').acquire(),
      factory.createLock('b').tryAcquire(),
      factory.createSemaphore('s', { permits: 2 }).acquire(),
      factory.singleFlight('f', { freshSeconds: 4 }, () => 1),
      factory.inspect('a'),
    ];
    for (const error of await Promise.all(asked.map(rejectionOf))) {
      expect(error).toBeInstanceOf(LockTableError);
      expect(String(error)).toMatch(wayOut);
    }
  };

  test.each(['localhost', '127.0.0.1'])('an endpoint without http:// (%s)', async (host) => {
    const client = rig.client({ endpoint: `${host}:${new URL(rig.proxy.endpoint).port}` });

    await expectRefusal(withClient(client), /its endpoint "(localhost|127).*" is not a URL; begin it with http:\/\//);
  });

  test('https:// to a server that speaks no TLS', async () => {
    const client = rig.client({ endpoint: rig.proxy.endpoint.replace('http:', 'https:') });

    await expectRefusal(withClient(client), /does not speak TLS; begin it with http:\/\//);
  });

  test('a mistake in a middleware', async () => {
    const client = failing(({ middlewareStack }) =>
      middlewareStack.add(
        () => async () => {
          throw new TypeError('reading tenant');
        },
        { step: 'build' },
      ),
    );

    await expectRefusal(withClient(client), /a mistake in a middleware.*TypeError: reading tenant/);
  });

  test('a mistake in one that comes after the answer: nothing stays of what was written', async () => {
    const client = failing(({ middlewareStack }) =>
      middlewareStack.add(
        (next) => async (args) => {
          await next(args);
          if (rig.proxy.counts['UpdateItem'] === 1) throw new TypeError('reading tenant');
          return next(args);
        },
        { step: 'finalizeRequest' },
      ),
    );

    expect(await rejectionOf(withClient(client).createLock('a').acquire())).toBeInstanceOf(LockTableError);
    await until(async () => (await rig.versionOf('a')) === undefined);
    expect(rig.proxy.carriedOut.map(({ operation }) => operation)).toContain('DeleteItem');
  });

  test('a mock that was told nothing', async () => {
    const client = failing((mock) => Object.assign(mock, { send: async () => undefined }));

    await expectRefusal(withClient(client), /a mock without an answer.*send resolved to no answer/);
  });

  test('credentials that nobody has', async () => {
    const nobody = async (): Promise<never> => {
      throw Object.assign(new Error('Could not load credentials from any providers'), {
        name: 'CredentialsProviderError',
      });
    };

    await expectRefusal(withClient(rig.client({ credentials: nobody })), /no valid AWS credentials/);
  });
});
