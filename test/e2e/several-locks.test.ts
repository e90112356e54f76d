import type { LockFactory } from '../../runtime/index.js';
import { gate, Rig, rejectionOf } from './rig.js';

let rig: Rig;
let factory: LockFactory;
beforeAll(async () => {
  rig = await Rig.start();
  factory = rig.factory();
});
beforeEach(() => rig.proxy.forget());
afterEach(() => rig.clear());
afterAll(() => rig.stop());

test('two writes a lock, and no read, where all are free', async () => {
  await factory.withLocks(['b', 'a', 'c'], async (held) => {
    held.assertHeld();
    expect(rig.proxy.counts).toEqual({ UpdateItem: 3 });
  });

  expect(rig.proxy.counts).toEqual({ UpdateItem: 3, DeleteItem: 3 });
  const keys = rig.proxy.requests.map(({ input }) => input.Key?.lockKey?.S);
  expect(keys.slice(0, 3)).toEqual(['a', 'b', 'c']);
});

test('none is left behind where one of them is not to be had', async () => {
  await rig.putForeignEntry('c', { leaseSeconds: 60 });
  const error = await rejectionOf(factory.withLocks(['c', 'b', 'a'], { waitSeconds: 5 }, () => {}));

  expect(error).toMatchObject({ name: 'LockNotGrantedError', lockName: 'c', tableName: rig.tableName });
  expect(await rig.lockNames()).toEqual(['c']);
});

test('processes that want the same locks in different orders all get them, one after the other', async () => {
  const others = [rig.factoryOfAnotherProcess(), rig.factoryOfAnotherProcess()];
  const names = ['x', 'y', 'z'];
  const started = gate();
  let inside = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    expect(inside).toBe(1);
    await started.opened;
    inside -= 1;
    done += 1;
  };
  const all = [factory, ...others].flatMap((one, index) =>
    Array.from({ length: 4 }, () =>
      one.withLocks([...names.slice(index), ...names.slice(0, index)].reverse(), { waitSeconds: 120 }, work),
    ),
  );
  started.open();
  await Promise.all(all);

  expect(done).toBe(12);
  expect(await rig.lockNames()).toEqual([]);
}, 180_000);
