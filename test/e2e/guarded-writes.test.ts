import {
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { currentHold, type HeldLock, type LockConditionCheck, stickyLock } from '../../runtime/index.js';
import { FOREIGN_HOST, gate, Rig, rejectionOf, until } from './rig.js';

const ACCOUNTS = 'accounts';
const logger = { warn: () => {}, debug: () => {} };

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
  const KeySchema = [{ AttributeName: 'id', KeyType: 'HASH' as const }];
  const AttributeDefinitions = [{ AttributeName: 'id', AttributeType: 'S' as const }];
  await rig.direct.send(
    new CreateTableCommand({ TableName: ACCOUNTS, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' }),
  );
}, 60_000);
afterAll(() => rig.stop());

let account = 0;
let name: string;
beforeEach(() => {
  rig.proxy.forget();
  account += 1;
  name = `account/${account}`;
});

const item = (value: string) => ({ id: { S: name }, value: { S: value } });
const put = (value: string): TransactWriteItem => ({ Put: { TableName: ACCOUNTS, Item: item(value) } });
const addTo = (id: string): TransactWriteItem => ({
  Update: {
    TableName: ACCOUNTS,
    Key: { id: { S: id } },
    UpdateExpression: 'ADD times :one',
    ExpressionAttributeValues: { ':one': { N: '1' } },
  },
});
const stored = async () =>
  (await rig.direct.send(new GetItemCommand({ TableName: ACCOUNTS, Key: { id: { S: name } }, ConsistentRead: true })))
    .Item;
const acquire = (leaseSeconds = 10): Promise<HeldLock> =>
  rig.factory({ logger, leaseSeconds }).createLock(name).acquire({ waitSeconds: 60 });
test('a write that its holder had checked, and that comes late, is refused; by assertHeld alone it would pass', async () => {
  const frozen = await acquire(1);
  frozen.assertHeld();
  const check = frozen.conditionCheck();
  // Frozen: none of its requests gets through any more, and its lease runs out.
  rig.proxy.fate = () => 'reset';
  const other = await rig.factoryOfAnotherProcess({ logger }).createLock(name).acquire({ waitSeconds: 60 });
  await other.transactWrite([put('theirs')]);

  // Thawed in the very moment after its check, it writes.
  const late = new TransactWriteItemsCommand({ TransactItems: [put('late'), check] });
  const refused = await rejectionOf(rig.direct.send(late));

  expect(refused).toMatchObject({ name: 'TransactionCanceledException' });
  expect(await stored()).toEqual(item('theirs'));
  // Without the check in the same transaction, nothing stops it.
  await rig.direct.send(new PutItemCommand({ TableName: ACCOUNTS, Item: item('late') }));
  expect(await stored()).toEqual(item('late'));
  await other.release();
}, 60_000);

describe('once the next use of a sticky lock holds, of the one before', () => {
  test('a check that was taken is refused by DynamoDB, with what is to be written under it', async () => {
    const lock = stickyLock(name, { factory: rig.factory({ logger }) });
    let check: LockConditionCheck | undefined;
    await lock.use(undefined, () => {
      check = currentHold()?.conditionCheck();
    });
    const write = () =>
      rig.direct.send(new TransactWriteItemsCommand({ TransactItems: [put('late'), check as TransactWriteItem] }));
    await lock.use(undefined, async () => {
      expect(await rejectionOf(write())).toMatchObject({ name: 'TransactionCanceledException' });
    });
    expect(await rejectionOf(write())).toMatchObject({ name: 'TransactionCanceledException' });
    expect(await stored()).toBeUndefined();
    await lock.release();
  });

  test('a transaction that is still under way changes nothing', async () => {
    const lock = stickyLock(name, { factory: rig.factory({ logger }) });
    const { opened, open } = gate();
    rig.proxy.fate = ({ operation }) => (operation === 'TransactWriteItems' ? { after: opened } : 'pass');
    let late: Promise<unknown> | undefined;
    await lock.use(undefined, async () => {
      late = rejectionOf(currentHold()?.transactWrite([put('late')]) as Promise<void>);
      await until(() => rig.proxy.requests.some(({ operation }) => operation === 'TransactWriteItems'));
    });
    await lock.use(undefined, async () => {
      open();
      expect(await late).toMatchObject({ name: 'LockLostError' });
    });
    expect(await stored()).toBeUndefined();
    await lock.release();
  });
});

test('a transaction changes data while the lock is held, and is lost with it', async () => {
  const held = await acquire();
  await held.transactWrite([put('ours')]);
  expect(await stored()).toEqual(item('ours'));
  await rig.putForeignEntry(name, { leaseSeconds: 60 });

  expect(await rejectionOf(held.transactWrite([put('late')]))).toMatchObject({
    name: 'LockLostError',
    reason: 'taken',
    lockName: name,
    message: expect.stringContaining(FOREIGN_HOST),
  });

  expect(await stored()).toEqual(item('ours'));
  expect(held.isHeld).toBe(false);
}, 60_000);

test('with fencing, an entry of its own that a late copy put back does not let it through', async () => {
  const held = await rig.factory({ logger, fencing: true }).createLock(name).acquire();
  await held.transactWrite([put('ours')]);
  // Meanwhile others had it; then a copy of the first write came, and found it free.
  const values = { ':token': { N: String(held.fencingToken + 2n) } };
  const change = { UpdateExpression: 'SET fencingToken = :token', ExpressionAttributeValues: values };
  await rig.direct.send(new UpdateItemCommand({ TableName: rig.tableName, Key: { lockKey: { S: name } }, ...change }));

  expect(await rejectionOf(held.transactWrite([put('late')]))).toMatchObject({ name: 'LockLostError' });
  expect(await stored()).toEqual(item('ours'));
}, 60_000);

test('an answer that is lost does not carry it out twice', async () => {
  const held = await acquire(60);
  rig.proxy.spoilNext('drop-answer', ({ operation }) => operation === 'TransactWriteItems');

  await held.transactWrite([addTo(name)]);

  expect(rig.proxy.counts).toMatchObject({ TransactWriteItems: 2 });
  expect(await stored()).toEqual({ id: { S: name }, times: { N: '1' } });
  await held.release();
}, 60_000);

test('a condition of the caller’s own is told as the SDK says it, in the order of the items', async () => {
  const held = await acquire();
  const condition = { ConditionExpression: 'attribute_exists(id)' };
  const failing: TransactWriteItem = { Put: { TableName: ACCOUNTS, Item: item('none'), ...condition } };

  expect(await rejectionOf(held.transactWrite([failing, addTo('another')]))).toMatchObject({
    name: 'TransactionCanceledException',
    CancellationReasons: [{ Code: 'ConditionalCheckFailed' }, { Code: 'None' }, { Code: 'None' }],
  });

  expect([held.isHeld, await stored()]).toEqual([true, undefined]);
  await held.release();
}, 60_000);

test('items that DynamoDB does not understand are told as the SDK says it', async () => {
  const held = await acquire();

  const nowhere: TransactWriteItem = { Put: { TableName: 'no-such-table', Item: item('none') } };
  expect(await rejectionOf(held.transactWrite([nowhere]))).toMatchObject({ name: 'ResourceNotFoundException' });

  expect(held.isHeld).toBe(true);
  await held.release();
}, 60_000);
