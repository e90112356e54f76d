import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());

test('three processes, three callers each, refresh the token once', async () => {
  let issued = 0;
  const issuer = createServer((_, response) => {
    issued += 1;
    response.end(JSON.stringify({ access: `secret-${issued}` }));
  });
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
  try {
    const address = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
    const env = { ...process.env, ...clientEnvironment(rig.server.endpoint), LYNK_TABLE_NAME: rig.tableName };
    const args = ['--import', 'tsx', 'examples/refresh-once/main.ts', address];
    const runs = await Promise.all([1, 2, 3].map(() => promisify(execFile)(process.execPath, args, { env })));

    for (const { stdout } of runs) expect(stdout).toBe('token: secret-1\n'.repeat(3));
    expect(issued).toBe(1);
  } finally {
    issuer.closeAllConnections();
    issuer.close();
  }
}, 120_000);
