import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsOf, credentialsOfEnvironment } from '../../../runtime/light/credentials.js';
import { answered, type Deed, ScriptedServer } from './scripted-server.js';

const MINUTE_MS = 60_000;
const before = { ...process.env };
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
  jest.restoreAllMocks();
});

const inMs = (ms: number) => new Date(Date.now() + ms);

describe('the variables of Lambda', () => {
  test('are read anew each time, as a sandbox gets new ones', async () => {
    const find = credentialsOfEnvironment();
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'one', AWS_SECRET_ACCESS_KEY: 's', AWS_SESSION_TOKEN: 't' });
    expect(await find()).toEqual({ accessKeyId: 'one', secretAccessKey: 's', sessionToken: 't' });
    process.env['AWS_ACCESS_KEY_ID'] = 'two';
    delete process.env['AWS_SESSION_TOKEN'];
    expect(await find()).toEqual({ accessKeyId: 'two', secretAccessKey: 's' });
  });

  test('without any, the error names the ways out', async () => {
    await expect(credentialsOfEnvironment()()).rejects.toThrow(
      /AWS_ACCESS_KEY_ID.*AWS_CONTAINER_CREDENTIALS_FULL_URI.*option credentials.*cdk-lynk\/runtime/,
    );
  });
});

describe('the endpoint of a container', () => {
  let server: ScriptedServer;
  const given = (accessKeyId: string, expiration: Date): Deed =>
    answered({ AccessKeyId: accessKeyId, SecretAccessKey: 's', Token: 't', Expiration: expiration.toISOString() });
  beforeEach(async () => {
    server = await ScriptedServer.start();
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `${server.endpoint}/v1/credentials?id=1`;
  });
  afterEach(() => server.stop());

  test('is asked once, by all who wait, until its credentials are near their end', async () => {
    const find = credentialsOfEnvironment();
    const expiration = inMs(60 * MINUTE_MS);
    server.deeds = [given('one', expiration), given('two', inMs(120 * MINUTE_MS))];

    const found = { accessKeyId: 'one', secretAccessKey: 's', sessionToken: 't', expiration };
    expect(await Promise.all([find(), find()])).toEqual([found, found]);
    expect(await find()).toEqual(found);
    expect(server.seen.map(({ method, path }) => [method, path])).toEqual([['GET', '/v1/credentials?id=1']]);

    jest.spyOn(Date, 'now').mockReturnValue(expiration.getTime() - 4 * MINUTE_MS);
    expect(await find()).toMatchObject({ accessKeyId: 'two' });
  });

  test('that fails meanwhile does not take credentials away that are still good', async () => {
    const find = credentialsOfEnvironment();
    server.deeds = [given('one', inMs(4 * MINUTE_MS)), answered({}, 500), (response) => void response.destroy()];

    for (let times = 0; times < 3; times += 1) expect(await find()).toMatchObject({ accessKeyId: 'one' });
    expect(server.seen.length).toBe(3);
  });

  test('gets the token, of a file anew each time', async () => {
    const find = credentialsOfEnvironment();
    const folder = mkdtempSync(join(tmpdir(), 'token-'));
    try {
      server.deeds = [1, 2, 3].map((minutes) => given('a', inMs(minutes * MINUTE_MS)));
      process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] = 'of the environment';
      await find();
      process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] = join(folder, 'token');
      for (const token of ['first', 'second']) {
        writeFileSync(join(folder, 'token'), token);
        await find();
      }
      expect(server.seen.map(({ headers }) => headers['authorization'])).toEqual([
        'of the environment',
        'first',
        'second',
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('that refuses is named; one that fails may answer the next time', async () => {
    server.deeds = [answered({}, 403), answered({ AccessKeyId: 'a' }), answered({}, 500)];
    const find = credentialsOfEnvironment();

    await expect(find()).rejects.toMatchObject({ name: 'UnusableConnection', message: /answered 403$/ });
    await expect(find()).rejects.toMatchObject({ name: 'UnusableConnection', message: /answered 200$/ });
    await expect(find()).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
  });

  test.each(['http://example.com/', 'http://169.254.169.254/', 'http://127.0.0.1.example.com/'])(
    'is not asked at %s, where nobody may see its token',
    async (uri) => {
      process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = uri;

      await expect(credentialsOfEnvironment()()).rejects.toThrow(/has to be loopback, or the host of ECS or EKS/);
    },
  );
});

describe('a provider of the user’s own', () => {
  test('is kept to what it says of the end of its credentials', async () => {
    const expiration = inMs(60 * MINUTE_MS);
    const provider = jest.fn(async () => ({ accessKeyId: 'a', secretAccessKey: 's', expiration }));
    const find = credentialsOf(provider);
    for (let times = 0; times < 3; times += 1) await find();
    expect(provider).toHaveBeenCalledTimes(1);
  });

  test('is asked each time if it says nothing', async () => {
    const provider = jest.fn(async () => ({ accessKeyId: 'a', secretAccessKey: 's' }));
    const find = credentialsOf(provider);
    for (let times = 0; times < 3; times += 1) await find();
    expect(provider).toHaveBeenCalledTimes(3);
  });

  test('may fail, by its own error, and is asked again', async () => {
    const provider = jest.fn(async () => ({ accessKeyId: 'a', secretAccessKey: 's' }));
    provider.mockRejectedValueOnce(new Error('its own'));
    const find = credentialsOf(provider);
    await expect(find()).rejects.toThrow('its own');
    expect(await find()).toMatchObject({ accessKeyId: 'a' });
  });

  test('that resolves to none is told so', async () => {
    await expect(credentialsOf(async () => ({ accessKeyId: '', secretAccessKey: 's' }))()).rejects.toThrow(
      /option credentials resolved to no accessKeyId/,
    );
  });
});
