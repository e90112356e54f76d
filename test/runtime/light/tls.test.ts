import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { bundled } from '../../bundled.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../../server/index.js';
import { createTable, lockTable } from '../../server/table.js';

/** A certificate for localhost and its key, of no use elsewhere. */
const PEM = resolve('test/runtime/light/localhost.pem');
const TABLE = 'over-tls';

let server: TestServer;
let client: DynamoDBClient;
let front: Server;
/** How many connections were opened. */
let connections = 0;

beforeAll(async () => {
  server = await startServer();
  client = new DynamoDBClient(clientSettings(server.endpoint));
  await createTable(client, lockTable(TABLE));
  const pem = readFileSync(PEM);
  front = createServer({ cert: pem, key: pem }, (asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request(`${server.endpoint}${url}`, { method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 0, got.headers);
      got.pipe(answer);
    });
    asked.pipe(passed);
  });
  front.on('secureConnection', () => {
    connections += 1;
  });
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening));
});
afterAll(async () => {
  client.destroy();
  front.closeAllConnections();
  await new Promise((closed) => front.close(closed));
  await server.stop();
});

function run(environment: Readonly<Record<string, string>>) {
  const endpoint = `https://localhost:${(front.address() as AddressInfo).port}`;
  const env = { ...process.env, ...clientEnvironment(endpoint), LYNK_TABLE_NAME: TABLE, ...environment };
  return promisify(execFile)(process.execPath, [bundled('test/runtime/light/over-tls.ts')], { env });
}

test('locks are held over TLS, on one connection that is kept', async () => {
  const { stdout } = await run({ NODE_EXTRA_CA_CERTS: PEM });

  expect(JSON.parse(stdout)).toEqual({ fencingToken: true, holder: true, isHeld: true });
  expect(connections).toBe(1);
}, 60_000);

test('and not with a server that nobody vouches for', async () => {
  await expect(run({})).rejects.toThrow(/self-signed certificate|unable to verify/);
}, 60_000);
