import { Rig } from '../e2e/rig.js';
import { killSandboxes, Sandbox, type SandboxOptions } from './sandbox.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
afterEach(async () => {
  await killSandboxes();
  await rig.clear();
});
afterAll(() => rig.stop());

function start(options: Pick<SandboxOptions, 'extension'> = {}): Promise<Sandbox> {
  return Sandbox.start({ tableName: rig.tableName, endpoint: rig.proxy.endpoint, timeoutSeconds: 100, ...options });
}

test('with an extension registered, the sandbox ends with a SIGTERM: in time to release a lock that stayed', async () => {
  const sandbox = await start({ extension: 'registered' });
  expect(await sandbox.invoke({ lock: 'kept', options: { leaseSeconds: 600 }, surface: 'stickyLock' })).toMatchObject({
    view: { isHeld: true },
  });
  expect(await rig.versionOf('kept')).toBeDefined();
  await sandbox.shutDown();

  expect(await rig.versionOf('kept')).toBeUndefined();
});

test('without one it is killed without notice: others take a lock that stayed over when its lease is over', async () => {
  const sandbox = await start();
  await sandbox.invoke({ lock: 'kept', options: { leaseSeconds: 2 }, surface: 'stickyLock' });
  await sandbox.shutDown();

  expect(await rig.versionOf('kept')).toBeDefined();
  const held = await rig.factoryOfAnotherProcess().createLock('kept').acquire();
  expect(held.isHeld).toBe(true);
  await held.release();
});
