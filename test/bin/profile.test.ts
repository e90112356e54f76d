import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Rig } from '../e2e/rig.js';
import { bundled, Started } from './tool.js';

let rig: Rig;
let tool: Awaited<ReturnType<typeof bundled>>;
/** Stands before the server, and notes for whom and for which region requests are signed. */
let gate: Server;
let endpoint = '';
const signed = new Set<string>();
const home = mkdtempSync(join(tmpdir(), 'cdk-lynk-home-'));

beforeAll(async () => {
  [rig, tool] = await Promise.all([Rig.start(), bundled()]);
  gate = createServer((incoming, answer) => {
    const { method, headers } = incoming;
    const [, key, region] = /Credential=([^/]+)\/\d+\/([^/]+)/.exec(headers.authorization ?? '') ?? [];
    signed.add(`${key} ${region}`);
    const outgoing = request(rig.server.endpoint, { method, headers, agent: false }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(gate.address() as AddressInfo).port}`;
  mkdirSync(join(home, '.aws'));
  writeFileSync(join(home, '.aws/config'), '[profile ops]\nregion = ap-southeast-2\n');
  const key = 'aws_access_key_id = KEYOFOPS\naws_secret_access_key = test\n';
  writeFileSync(join(home, '.aws/credentials'), `[ops]\n${key}`);
});
beforeEach(() => signed.clear());
afterAll(async () => {
  await Started.endAll();
  gate.closeAllConnections();
  gate.close();
  await rig.stop();
  tool.discard();
  rmSync(home, { recursive: true });
});

const OTHER = { AWS_ACCESS_KEY_ID: 'other', AWS_SECRET_ACCESS_KEY: 'other', AWS_SESSION_TOKEN: 'other' };

async function lynk(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Started> {
  const started = new Started(process.execPath, [tool.path, ...args], {
    HOME: home,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    LYNK_TABLE_NAME: rig.tableName,
    ...env,
  });
  expect(await started.ended).toBe(0);
  expect(started.complaints).toBe('');
  return started;
}

test.each<[string, readonly string[], Record<string, string>, string]>([
  ['has its credentials and its region', [], {}, 'KEYOFOPS ap-southeast-2'],
  ['goes before credentials of the environment', [], OTHER, 'KEYOFOPS ap-southeast-2'],
  ['goes with --region', ['--region', 'eu-north-1'], OTHER, 'KEYOFOPS eu-north-1'],
])('--profile %s', async (_, options, env, expected) => {
  await lynk(['ls', '--profile', 'ops', ...options], env);
  expect([...signed]).toEqual([expected]);
});

test('the command under the lock has the environment of the shell', async () => {
  const tell = 'echo "<$AWS_PROFILE> <$AWS_ACCESS_KEY_ID>"';
  const { output } = await lynk(['run', 'a', '--profile', 'ops', '--', 'sh', '-c', tell], OTHER);
  expect(output).toBe('<> <other>\n');
  expect([...signed]).toEqual(['KEYOFOPS ap-southeast-2']);
});
