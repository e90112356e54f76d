import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Picked } from '../../examples/hand-over/pick.js';
import { LYNK_VERSIONS, pythonWith } from './python-lynk.js';
import { Rig } from './rig.js';

/** The only version that has it. */
const VERSION = '0.3.1';

let rig: Rig;
const before = { ...process.env };
beforeAll(async () => {
  rig = await Rig.start();
  Object.assign(process.env, rig.environment, { LYNK_TABLE_NAME: rig.lockTable });
});
afterAll(async () => {
  process.env = before;
  await rig.stop();
});

/** The example's function in Python, as Lambda would invoke it. */
async function pickInPython(event: object): Promise<Picked> {
  const program = 'import json, pick, sys; print(json.dumps(pick.handler(json.loads(sys.argv[1]), None)))';
  const cwd = 'examples/hand-over/python';
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
  const args = ['-c', program, JSON.stringify(event)];
  const { stdout } = await promisify(execFile)(pythonWith(VERSION), args, { cwd, env });
  return JSON.parse(stdout) as Picked;
}

test('examples/hand-over: TypeScript ships what Python picked, under one lock', async () => {
  const { handler } = await import('../../examples/hand-over/ship.js');
  const { warehouse } = await import('../../examples/hand-over/warehouse.js');

  const picked = await pickInPython({ orderId: '7' });
  const inTransit = await rig.versionOf('order/7');
  expect(inTransit).toBeDefined();
  expect(picked).toEqual({ orderId: '7', ticket: expect.stringContaining(inTransit ?? '') });
  expect(await rig.locks().createLock('order/7').tryAcquire()).toBeUndefined();

  const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
  expect(await handler(picked, context)).toBe('shipped 7');
  expect(warehouse.log).toEqual(['shipped 7']);
  expect(await rig.entry('order/7')).toBeUndefined();
});

test('examples/hand-over: what it tells pip to install is what is tested here', () => {
  expect(readFileSync('examples/hand-over/python/requirements.txt', 'utf8')).toBe(`lynk==${VERSION}\n`);
  expect(LYNK_VERSIONS).toContain(VERSION);
});
