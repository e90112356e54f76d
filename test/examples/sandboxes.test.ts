import { execFile } from 'node:child_process';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { bundled } from '../bundled.js';
import { gate, Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

const SANDBOXES = 3;
const CALLS = 5;

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(() => rig.clear());
afterAll(() => rig.stop());

/** What a handler answers in each of so many sandboxes at once, to the event with the address of that listener. */
async function answersOf(
  example: string,
  listener: RequestListener,
  eventFor: (address: string) => object,
): Promise<unknown[]> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const event = JSON.stringify(eventFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
    const env = { ...process.env, ...clientEnvironment(rig.server.endpoint), LYNK_TABLE_NAME: rig.tableName };
    const args = [bundled('test/examples/invoke.ts'), bundled(`examples/${example}/handler.ts`), event];
    const runs = Array.from({ length: SANDBOXES }, () => promisify(execFile)(process.execPath, args, { env }));
    return (await Promise.all(runs)).map(({ stdout }) => JSON.parse(stdout));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('three-calls: three sandboxes make all their calls, never more than three at a time', async () => {
  let [running, most, answered] = [0, 0, 0];
  const full = gate();
  const api: RequestListener = async (_, response) => {
    running += 1;
    most = Math.max(most, running);
    if (running === 3) full.open();
    // Nobody is answered before three are there; had more been let in, they would be there too by the end.
    await full.opened;
    await new Promise((resolve) => setTimeout(resolve, 30));
    running -= 1;
    answered += 1;
    response.end('done');
  };
  const orders = Array.from({ length: CALLS }, (_, order) => order);

  const answers = await answersOf('three-calls', api, (address) => ({ api: address, orders }));

  expect(answers).toEqual(Array(SANDBOXES).fill(orders.map((order) => `order ${order}: done`)));
  expect({ most, answered }).toEqual({ most: 3, answered: SANDBOXES * CALLS });
  expect(await rig.lockNames()).toEqual([]);
}, 120_000);

test('refresh-once: three sandboxes get one token, which was fetched once', async () => {
  let issued = 0;
  const issuer: RequestListener = (_, response) => {
    issued += 1;
    response.end(JSON.stringify({ access: `secret-${issued}` }));
  };

  const answers = await answersOf('refresh-once', issuer, (address) => ({ issuer: address }));

  expect(answers).toEqual(['secret-1', 'secret-1', 'secret-1']);
  expect(issued).toBe(1);
}, 120_000);
