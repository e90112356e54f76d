import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonWith } from './python-lynk.js';
import { Rig } from './rig.js';

/** The handler of docs/python.md, as a function of Lambda has it beside the environment that `connect` sets. */
const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-page-'));
const blocks = [...readFileSync('docs/python.md', 'utf8').matchAll(/^```python\n([\s\S]*?)^```$/gm)];
const blockWith = (text: string): string => blocks.find(([, code]) => code?.includes(text))?.[1] ?? '';
const handler = blockWith('def handler');

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
  // As the page tells to, since the Python of this machine may be one of those that lynk cannot wait in.
  writeFileSync(join(folder, 'billing.py'), blockWith('time.sleep =') + handler);
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await rig.stop();
});

/** What the handler returns, and the lease that it takes the lock for. */
async function invoke(environment: Readonly<Record<string, string>>): Promise<unknown> {
  const program = `
import json, billing
print(json.dumps([billing.handler({'accountId': '7'}, None), billing.LEASE_SECONDS]))`;
  const env = { ...process.env, ...rig.environment, LYNK_TABLE_NAME: rig.lockTable, ...environment };
  const { stdout } = await promisify(execFile)(pythonWith('0.3.1'), ['-c', program], { cwd: folder, env });
  return JSON.parse(stdout);
}

test('the handler on the page takes its table and its lease from the environment, in ten lines', async () => {
  expect(handler.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10);
  expect(await invoke({ LYNK_LEASE_SECONDS: '11' })).toEqual(['charged 7', 11]);
  expect(await invoke({})).toEqual(['charged 7', 20]);
  expect(await rig.entry('account/7')).toBeUndefined();
});

test('and waits for a lock that TypeScript holds', async () => {
  const held = await rig.locks({ leaseSeconds: 1 }).createLock('account/7').acquire();
  let charged = false;
  const waiting = invoke({}).then(() => {
    charged = true;
  });
  // Longer than the lease, which is refreshed meanwhile: Python has seen it held, and has to wait on.
  await new Promise((resolve) => setTimeout(resolve, 3000));
  expect({ charged, isHeld: held.isHeld }).toEqual({ charged: false, isHeld: true });
  await held.release();
  await waiting;
  expect(charged).toBe(true);
});
