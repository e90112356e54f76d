import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { clientSettings, startServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { Consumer } from './consumer.js';

const consumer = new Consumer();
beforeAll(async () => {
  await consumer.install([]);
});
afterAll(() => consumer.remove());

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const AWS = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
const inFolder = (command: string, ...args: readonly string[]): Promise<Ended> => ended(AWS, command, ...args);

async function ended(env: Readonly<Record<string, string>>, command: string, ...args: readonly string[]) {
  const options = { cwd: consumer.folder, env: { ...process.env, ...env } };
  return promisify(execFile)(command, [...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Ended) => ({ code, stdout, stderr }),
  );
}

test('the command line tool runs from the packed package, and says what it lacks', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await inFolder('npx', 'cdk-lynk', '--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });

  const ls = ['ls', '--table', 'my-locks', '--endpoint-url', 'http://127.0.0.1:1'];
  expect(await inFolder('node_modules/.bin/cdk-lynk', ...ls)).toEqual({
    code: 69,
    stdout: '',
    stderr:
      'cdk-lynk: the AWS SDK is not installed; run npm install "@aws-sdk/client-dynamodb@^3.705.0", or without an ' +
      'installation npx -p cdk-lynk -p "@aws-sdk/client-dynamodb@^3.705.0" cdk-lynk …\n',
  });

  await consumer.install(['@aws-sdk/client-dynamodb']);
  const { code, stderr } = await inFolder('node_modules/.bin/cdk-lynk', ...ls);
  // Refused, or on a slow machine too late: either way it reached for the network.
  expect(stderr).toMatch(/^cdk-lynk: the locks of table "my-locks": no answer from DynamoDB within 10 s: /);
  expect(code).toBe(74);
});

test('the shortest path for those on call does what the page says, as it is printed', async () => {
  const [beforeTable = ''] = readFileSync('docs/operations.md', 'utf8').split('## By symptom');
  const commands = [...beforeTable.matchAll(/^> (npx .*)$/gm)].map(([, command = '']) => command);
  expect(commands).toHaveLength(3);
  const [list = '', show = '', breakIt = ''] = commands;

  const server = await startServer();
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  try {
    await createTable(client, lockTable('my-locks'));
    const entry = {
      lockKey: 'nightly',
      hostIdentifier: 'host/7',
      versionNumber: '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c',
    };
    const texts = Object.fromEntries(Object.entries(entry).map(([name, S]) => [name, { S }]));
    const Item = { ...texts, leaseDuration: { N: '60' } };
    await client.send(new PutItemCommand({ TableName: 'my-locks', Item }));
    // A laptop: credentials are in a profile. npx finds the packages in this folder, where a laptop asks the registry.
    consumer.write('credentials', '[ops]\naws_access_key_id = test\naws_secret_access_key = test\n');
    const laptop = {
      AWS_SHARED_CREDENTIALS_FILE: join(consumer.folder, 'credentials'),
      AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
    };
    const typed = (line: string): Promise<Ended> => ended(laptop, 'sh', '-c', line);

    expect(await typed(list)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^nightly +held\? +host\/7 /m),
      stderr: '',
    });
    expect(await typed(show)).toEqual({ code: 0, stdout: expect.stringMatching(/^holder +host\/7$/m), stderr: '' });
    expect(await typed(breakIt)).toMatchObject({ code: 64, stderr: expect.stringContaining('no terminal to ask') });
    const confirmed = await typed(`${breakIt} --yes`);
    expect(confirmed).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^broken; free in \d+ s at the latest$/m),
      stderr: '',
    });
  } finally {
    client.destroy();
    await server.stop();
  }
});
