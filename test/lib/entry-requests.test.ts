import { randomUUID } from 'node:crypto';
import { GetItemCommand, type GetItemCommandInput } from '@aws-sdk/client-dynamodb';
import { lookRequest, seenKnowledge } from '../../lib/entry-requests.js';
import { getLockFactory } from '../../runtime/index.js';
import { parseVersion } from '../../runtime/protocol/version.js';
import { EntryExecution, entryOf, FOREIGN, HOST, SHARED, TABLE, TestTable } from './entry-execution.js';
import { evaluated } from './jsonata.js';

const NOW = Date.UTC(2026, 10, 24, 12);

let table: TestTable;
let names = 0;

beforeAll(async () => {
  table = await TestTable.start();
});
afterAll(() => table.stop());

class TestExecution extends EntryExecution<Record<string, unknown>> {
  constructor(
    readonly name: string,
    readonly hold = randomUUID() as string,
  ) {
    super(table.client, { name, hold });
  }

  override acquire(nowMs = NOW): Promise<boolean> {
    return super.acquire(nowMs);
  }

  override release(nowMs = NOW): Promise<boolean> {
    return super.release(nowMs);
  }

  async look(nowMs = NOW): Promise<void> {
    const request = await evaluated(lookRequest(SHARED), { variables: { lock: this.known }, nowMs });
    const { Item } = await this.client.send(new GetItemCommand(request as GetItemCommandInput));
    await this.learn(seenKnowledge(SHARED), Item ? { Item } : {}, nowMs);
  }
}

const newName = (): string => `lock ${names++}`;

test('the entry of a free lock, as everybody reads it', async () => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, {
    ...entryOf(FOREIGN, 0),
    fencingToken: { N: '7' },
    data: { S: 'x' },
    more: { S: 'y' },
  });
  expect(await execution.acquire()).toBe(true);
  const sent = String(NOW / 10);
  expect(await table.entry(execution.name)).toEqual({
    lockKey: { S: execution.name },
    leaseDuration: { N: '40' },
    versionNumber: { S: execution.hold.slice(0, 24) + sent },
    hostIdentifier: { S: HOST },
    expiresAt: { N: String(NOW / 1000 + 40 + 86_400) },
    more: { S: 'y' },
  });
  expect(execution.known).toMatchObject({ sentMs: NOW, leaseMs: 40_000 });
});

test('its version looks like a UUIDv4, and says nothing to our client', async () => {
  const execution = new TestExecution(newName());
  await execution.acquire();
  const version = (await table.entry(execution.name))?.['versionNumber']?.S ?? '';
  expect(version).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9]{12}$/);
  expect(parseVersion(version)).toBeUndefined();
});

test('our client and a state machine exclude each other', async () => {
  const factory = getLockFactory(TABLE, { client: table.client });
  const execution = new TestExecution(newName());
  const held = await factory.createLock(execution.name).acquire();
  expect(await execution.acquire()).toBe(false);
  await held.release();
  expect(await execution.acquire()).toBe(true);
  expect(await factory.createLock(execution.name).tryAcquire()).toBeUndefined();
  expect(await execution.release()).toBe(true);
  expect(await table.entry(execution.name)).toBeUndefined();
});

test('an attempt recognises what an earlier one has written, and gives it a version of its own', async () => {
  const execution = new TestExecution(newName());
  expect(await execution.acquire(NOW)).toBe(true);
  const first = await table.entry(execution.name);
  execution.known = { name: execution.name, hold: execution.hold };
  expect(await execution.acquire(NOW + 3_000)).toBe(true);
  expect(execution.known).toMatchObject({ sentMs: NOW + 3_000 });
  expect((await table.entry(execution.name))?.['versionNumber']).not.toEqual(first?.['versionNumber']);
});

test('the same request twice, as an SDK sends it, is taken twice', async () => {
  const execution = new TestExecution(newName());
  expect(await execution.acquire(NOW)).toBe(true);
  expect(await execution.acquire(NOW)).toBe(true);
});

test('a late duplicate of an earlier attempt brings no old version back', async () => {
  const execution = new TestExecution(newName());
  await execution.acquire(NOW + 3_000);
  const before = await table.entry(execution.name);
  expect(await execution.acquire(NOW)).toBe(false);
  expect(await table.entry(execution.name)).toEqual(before);
});

test('two iterations of one execution do not share a lock', async () => {
  const name = newName();
  expect(await new TestExecution(name).acquire()).toBe(true);
  expect(await new TestExecution(name).acquire()).toBe(false);
});

test.each([
  ['Python’s', FOREIGN],
  ['ours, whose stamp says that it is long over', '0192f3a1-7c44-8b1e-9c4d-5f6a7b8c9d0e'],
])('an entry is taken over once it was seen for its lease and a margin: %s', async (_, version) => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, entryOf(version, 20));
  // 0.25 s and 1 % of the lease, and 3 s for the clocks.
  const expiryMs = NOW + 20_000 + 450 + 3_000;
  await execution.look(NOW);
  expect(await execution.acquire(expiryMs - 1)).toBe(false);
  await execution.look(expiryMs - 1);
  expect(await execution.acquire(expiryMs)).toBe(true);
});

test('never without a look, and never another version than the one that was seen', async () => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, entryOf(FOREIGN, 1));
  expect(await execution.acquire(NOW + 60_000)).toBe(false);
  await execution.look(NOW);
  await table.put(execution.name, entryOf(randomUUID(), 1));
  expect(await execution.acquire(NOW + 60_000)).toBe(false);
  // Nor is time that another version was seen for its own.
  await execution.look(NOW + 60_000);
  expect(await execution.acquire(NOW + 61_000)).toBe(false);
});

test('nor the same version, when its lease has become another', async () => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, entryOf(FOREIGN, 1));
  await execution.look(NOW);
  await table.put(execution.name, entryOf(FOREIGN, 1.5));
  await execution.look(NOW + 60_000);
  expect(await execution.acquire(NOW + 61_000)).toBe(false);
});

test.each([
  ['another thing altogether', { what: { S: 'a setting' } }],
  ['no host', { versionNumber: { S: FOREIGN }, leaseDuration: { N: '1' } }],
  ['a lease in text', { ...entryOf(FOREIGN, 1), leaseDuration: { S: '1' } }],
  ['a version that is a number', { ...entryOf(FOREIGN, 1), versionNumber: { N: '1' } }],
  ['free, but for a version', { leaseDuration: { N: '0' }, hostIdentifier: { S: 'elsewhere' } }],
])('what is no lock’s entry is reported, and never written over: %s', async (_, item) => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, item);
  expect(await execution.acquire()).toBe(false);
  await execution.look(NOW);
  expect(execution.known).toMatchObject({ isMalformed: true, seenVersion: '' });
  await execution.look(NOW + 1_000_000);
  expect(await execution.acquire(NOW + 1_000_000)).toBe(false);
  expect(await execution.release()).toBe(false);
  expect(await table.entry(execution.name)).toEqual({ lockKey: { S: execution.name }, ...item });
});

test('who holds it is known after a look, and that nobody does', async () => {
  const execution = new TestExecution(newName());
  await table.put(execution.name, entryOf(FOREIGN, 20));
  await execution.look();
  expect(execution.known).toMatchObject({ isMalformed: false, seenHost: 'elsewhere', seenLease: 20, seenSinceMs: NOW });
  const other = new TestExecution(newName());
  await other.look();
  expect(other.known).toMatchObject({ isMalformed: false, seenHost: 'nobody', seenVersion: '' });
});

test('a release leaves the entries of others alone', async () => {
  const execution = new TestExecution(newName());
  await execution.acquire();
  await table.put(execution.name, entryOf(FOREIGN, 20));
  expect(await execution.release()).toBe(false);
  expect(await table.entry(execution.name)).toMatchObject({ versionNumber: { S: FOREIGN } });
});

test('a name that is a number names the same lock as its text', async () => {
  const execution = new TestExecution(newName());
  execution.known = { ...execution.known, name: 42 };
  expect(await execution.acquire()).toBe(true);
  expect(await table.entry('42')).toMatchObject({ hostIdentifier: { S: HOST } });
});
