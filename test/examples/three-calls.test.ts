import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { gate, Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

const PROCESSES = 3;
const CALLS = 5;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.stop());

test('three processes make all their calls, never more than three at a time', async () => {
  let [running, most, answered] = [0, 0, 0];
  const full = gate();
  const api = createServer(async (_, response) => {
    running += 1;
    most = Math.max(most, running);
    if (running === 3) full.open();
    // Nobody is answered before three are there; had more been let in, they would be there too by the end.
    await full.opened;
    await new Promise((resolve) => setTimeout(resolve, 30));
    running -= 1;
    answered += 1;
    response.end('done');
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  try {
    const address = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
    const env = { ...process.env, ...clientEnvironment(rig.server.endpoint), LYNK_TABLE_NAME: rig.tableName };
    const args = ['--import', 'tsx', 'examples/three-calls/main.ts', address, String(CALLS)];
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, () => promisify(execFile)(process.execPath, args, { env })),
    );

    for (const { stdout } of runs) expect(stdout.match(/^order \d: done$/gm)?.length).toBe(CALLS);
    expect({ most, answered }).toEqual({ most: 3, answered: PROCESSES * CALLS });
    expect(await rig.lockNames()).toEqual([]);
  } finally {
    api.closeAllConnections();
    api.close();
  }
}, 120_000);
