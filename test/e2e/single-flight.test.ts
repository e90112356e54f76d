import type { LockFactory } from '../../runtime/index.js';
import { gate, Rig, rejectionOf, until } from './rig.js';

let rig: Rig;
let factory: LockFactory;
let another: LockFactory;
beforeAll(async () => {
  rig = await Rig.start();
  factory = rig.factory();
  another = rig.factoryOfAnotherProcess();
});
beforeEach(() => rig.proxy.forget());
afterEach(() => rig.clear());
afterAll(() => rig.stop());

/** Long enough for the slowest machine to find it fresh. */
const FRESH = { freshSeconds: 3600, waitSeconds: 120 };
const never = (): never => {
  throw new Error('another has done it');
};

test('on the wire: a read and two writes to make a result, and one read to have it', async () => {
  expect(await factory.singleFlight('made', FRESH, () => ({ access: 'secret' }))).toEqual({ access: 'secret' });
  expect(rig.proxy.counts).toEqual({ GetItem: 1, UpdateItem: 2 });
  rig.proxy.forget();

  const results = await Promise.all([1, 2, 3].map(() => factory.singleFlight('made', FRESH, never)));

  expect(results).toEqual([1, 2, 3].map(() => ({ access: 'secret' })));
  expect(rig.proxy.counts).toEqual({ GetItem: 1 });
  expect(rig.proxy.requests[0]?.input.ConsistentRead).toBe(false);
});

test('another process has it too, and its callers wait while the work goes on', async () => {
  const done = gate();
  const making = another.singleFlight('waited for', FRESH, () => done.opened.then(() => 'made there'));
  await until(async () => (await rig.lockNames()).includes('waited for'));
  const waiting = [factory.singleFlight('waited for', FRESH, never), factory.singleFlight('waited for', FRESH, never)];
  await until(() => (rig.proxy.counts['GetItem'] ?? 0) >= 3);
  done.open();

  expect(await Promise.all([making, ...waiting])).toEqual(['made there', 'made there', 'made there']);
  expect(rig.proxy.counts).toEqual({ GetItem: expect.any(Number) });
});

test('where the work fails, its caller is told, and the next one does it', async () => {
  const failed = gate();
  const failing = rejectionOf(
    another.singleFlight('failing', FRESH, async () => {
      await failed.opened;
      throw new Error('of the work');
    }),
  );
  await until(async () => (await rig.lockNames()).includes('failing'));
  const next = factory.singleFlight('failing', FRESH, () => 'done by the next');
  failed.open();

  expect(await failing).toEqual(new Error('of the work'));
  expect(await next).toBe('done by the next');
});

test('a crashed worker is taken over from', async () => {
  await rig.putForeignEntry('crashed', { leaseSeconds: 2, ageSeconds: 10 });

  expect(await factory.singleFlight('crashed', FRESH, () => 'anew')).toBe('anew');
});

test('a result of 4,096 bytes is kept, and one more is refused', async () => {
  const longest = 'x'.repeat(4094);
  expect(await factory.singleFlight('long', FRESH, () => longest)).toBe(longest);
  expect(await another.singleFlight('long', FRESH, never)).toBe(longest);

  const error = await rejectionOf(factory.singleFlight('longer', FRESH, () => `${longest}x`));
  expect(error).toMatchObject({ name: 'LockOptionError', message: expect.stringContaining('has 4097 bytes') });
});

test('a lost answer to the write that leaves it is no lost result', async () => {
  const made = await factory.singleFlight('lost answer', FRESH, () => {
    rig.proxy.spoilNext('drop-answer', ({ operation }) => operation === 'UpdateItem');
    return 'kept';
  });

  expect(made).toBe('kept');
  expect(await another.singleFlight('lost answer', FRESH, never)).toBe('kept');
});
