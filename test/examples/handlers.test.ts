import { CreateTableCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { StaleWriteError } from '../../examples/fencing/guarded-store.js';
import { warehouse } from '../../examples/hand-over/warehouse.js';
import { reports } from '../../examples/nightly-report/report.js';
import type { InvocationContext } from '../../runtime/index.js';
import { FOREIGN_HOST, gate, Rig, rejectionOf } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

const ACCOUNTS = 'example-accounts';
const context: InvocationContext = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
const before = { ...process.env };
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
  Object.assign(process.env, clientEnvironment(rig.proxy.endpoint), {
    LYNK_TABLE_NAME: rig.tableName,
    ACCOUNTS_TABLE_NAME: ACCOUNTS,
  });
});
beforeEach(() => rig.proxy.forget());
afterEach(() => rig.clear());
afterAll(async () => {
  process.env = before;
  await rig.stop();
});

describe('nightly-report', () => {
  const night = { time: '2026-01-05T03:00:00Z' };

  test('two triggers at once and one a moment later make it once', async () => {
    const { handler } = await import('../../examples/nightly-report/handler.js');

    const answers = await Promise.all([handler(night, context), handler(night, context)]);

    expect([...answers].sort((one, other) => one.length - other.length)).toEqual([
      'made',
      expect.stringMatching(/^left to /),
    ]);
    expect(await handler(night, context)).toMatch(/^left to /);
    expect(reports.made).toEqual([night.time]);
  });
});

describe('sticky-leader', () => {
  test('keeps the lock between invocations, and what it has in memory', async () => {
    const { handler } = await import('../../examples/sticky-leader/handler.js');

    expect(await handler({}, context)).toBe('leads: 1');
    expect(await rig.lockNames()).toEqual(['feed-leader']);
    const other = rig.factoryOfAnotherProcess().createLock('feed-leader');
    expect(await other.tryAcquire()).toBeUndefined();
    expect(await handler({}, context)).toBe('leads: 2');

    // One write each, and none that gives it back.
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
  });

  test('goes home at once where another leads, and leads when that one is gone', async () => {
    const { handler } = await import('../../examples/sticky-leader/handler.js');
    await rig.putForeignEntry('feed-leader', { leaseSeconds: 120 });

    expect(await handler({}, context)).toBe(`follows ${FOREIGN_HOST}`);
    // Whoever waits reads.
    expect(rig.proxy.counts).not.toHaveProperty('GetItem');

    await rig.remove('feed-leader');
    await rig.putForeignEntry('feed-leader', { leaseSeconds: 120, ageSeconds: 124 });
    expect(await handler({}, context)).toMatch(/^leads: /);
  });
});

describe('hand-over', () => {
  beforeEach(() => {
    warehouse.log.length = 0;
  });

  test('the second function goes on under the lock of the first, and nobody has it in between', async () => {
    const [pick, ship] = [
      await import('../../examples/hand-over/pick.js'),
      await import('../../examples/hand-over/ship.js'),
    ];

    const picked = await pick.handler({ orderId: '7' }, context);
    expect(await rig.factoryOfAnotherProcess().createLock('order/7').tryAcquire()).toBeUndefined();
    // As it is on its way in an event.
    const event = JSON.parse(JSON.stringify(picked));

    expect(await ship.handler(event, context)).toBe('shipped 7');
    expect(warehouse.log).toEqual(['picked 7', 'shipped 7']);
    expect(await rig.lockNames()).toEqual([]);

    // Delivered again, while another is at the order by now.
    await rig.putForeignEntry('order/7', { leaseSeconds: 60 });
    expect(await rejectionOf(ship.handler(event, context))).toMatchObject({ name: 'LockLostError' });
    expect(warehouse.log).toHaveLength(2);
  });

  test('a first half that fails gives the lock back', async () => {
    const { handler } = await import('../../examples/hand-over/pick.js');
    const failing = jest.spyOn(warehouse, 'pick').mockRejectedValueOnce(new Error('out of stock'));

    await expect(handler({ orderId: '8' }, context)).rejects.toThrow('out of stock');

    expect(failing).toHaveBeenCalledTimes(1);
    expect(await rig.lockNames()).toEqual([]);
  });
});

describe('guarded-writes', () => {
  const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' as const }];
  const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' as const }];
  const table = { TableName: ACCOUNTS, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' as const };
  beforeAll(() => rig.direct.send(new CreateTableCommand(table)));

  const balance = async (id: string): Promise<string | undefined> => {
    const { Item } = await rig.direct.send(new GetItemCommand({ TableName: ACCOUNTS, Key: { id: { S: id } } }));
    return Item?.['balance']?.N;
  };

  test('of many at once no booking is lost, and none that is not covered is made', async () => {
    const { handler } = await import('../../examples/guarded-writes/handler.js');

    await Promise.all([1, 2, 3, 4].map((amount) => handler({ accountId: 'a', amount }, context)));
    expect(await balance('a')).toBe('10');

    await expect(handler({ accountId: 'a', amount: -11 }, context)).rejects.toThrow('has not got 11');
    expect(await balance('a')).toBe('10');
  });

  test('a write that comes late, when another has the lock and has written, changes nothing', async () => {
    const { handler } = await import('../../examples/guarded-writes/handler.js');
    const [arrived, goOn] = [gate(), gate()];
    rig.proxy.fate = ({ operation }) => {
      if (operation !== 'TransactWriteItems') return 'pass';
      arrived.open();
      return { after: goOn.opened };
    };
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const late = rejectionOf(handler({ accountId: 'b', amount: 5 }, context));
    await arrived.opened;
    await rig.remove('account/b');
    await rig.putForeignEntry('account/b', { leaseSeconds: 60 });
    const Item = { id: { S: 'b' }, balance: { N: '100' } };
    await rig.direct.send(new PutItemCommand({ TableName: ACCOUNTS, Item }));

    goOn.open();

    expect(await late).toMatchObject({ name: 'LockLostError' });
    expect(await balance('b')).toBe('100');
    expect(warn.mock.calls.flat()[0]).toMatch(/lost/);
    warn.mockRestore();
    rig.proxy.fate = () => 'pass';
  });
});

describe('fencing', () => {
  test('tokens rise, and the store refuses a holder that comes late', async () => {
    const { handler, store } = await import('../../examples/fencing/handler.js');
    const first = BigInt(await handler({ text: 'first' }, context));
    const second = BigInt(await handler({ text: 'second' }, context));

    expect(second).toBeGreaterThan(first);
    expect(() => store.write('report', 'late', first)).toThrow(StaleWriteError);
    store.write('report', 'second, complete', second);
    expect(store.read('report')).toBe('second, complete');
  });
});
