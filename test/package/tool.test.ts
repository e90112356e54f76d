import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
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

async function inFolder(command: string, ...args: readonly string[]): Promise<Ended> {
  const aws = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' };
  const options = { cwd: consumer.folder, env: { ...process.env, ...aws } };
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

  symlinkSync(resolve('node_modules/@aws-sdk'), join(consumer.folder, 'node_modules/@aws-sdk'));
  const { code, stderr } = await inFolder('node_modules/.bin/cdk-lynk', ...ls);
  // Refused, or on a slow machine too late: either way it reached for the network.
  expect(stderr).toMatch(/^cdk-lynk: the locks of table "my-locks": no answer from DynamoDB within 10 s: /);
  expect(code).toBe(74);
});
