import { randomUUID } from 'node:crypto';
import { BatchGetItemCommand, type BatchGetItemCommandInput } from '@aws-sdk/client-dynamodb';
import { anyPermit, lookAtPermitsRequest, pauseSeconds, seenPermitsKnowledge } from '../../lib/permit-requests.js';
import { getLockFactory, type HeldLock } from '../../runtime/index.js';
import { EntryExecution, entryOf, FOREIGN, HOST, SHARED, TABLE, TestTable } from './entry-execution.js';
import { evaluated } from './jsonata.js';

let table: TestTable;
let names = 0;

beforeAll(async () => {
  table = await TestTable.start();
});
afterAll(() => table.stop());

const newName = () => `semaphore ${names++}`;

interface Known {
  readonly name: string;
  readonly canBeTaken?: boolean;
  readonly isMalformed: boolean;
  readonly polls: number;
  readonly seen: readonly { readonly host: string; readonly isFree: boolean }[];
}

/** What an execution knows of a semaphore, and the requests of its states, sent as they are. */
class PermitExecution extends EntryExecution<Known> {
  constructor(
    name: string,
    readonly permits: number,
  ) {
    super(table.client, { name, hold: randomUUID(), isMalformed: false } as never);
  }

  async pick(): Promise<void> {
    await this.learn(anyPermit(SHARED, this.permits), {}, Date.now());
  }

  override acquire(nowMs = Date.now()): Promise<boolean> {
    return super.acquire(nowMs);
  }

  override release(nowMs = Date.now()): Promise<boolean> {
    return super.release(nowMs);
  }

  async look(nowMs = Date.now(), unread?: object): Promise<Known> {
    const sight = { variables: { lock: this.known }, nowMs };
    const request = await evaluated(lookAtPermitsRequest(SHARED, this.permits), sight);
    const { Responses, UnprocessedKeys } = await this.client.send(
      new BatchGetItemCommand(request as BatchGetItemCommandInput),
    );
    await this.learn(seenPermitsKnowledge(SHARED, this.permits), { Responses, UnprocessedKeys, ...unread }, nowMs);
    return this.known;
  }
}

test('the first permit tried is any of them', async () => {
  const tried = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const execution = new PermitExecution('api', 3);
    await execution.pick();
    tried.add(execution.known.name);
  }
  expect(tried).toEqual(new Set(['api#0', 'api#1', 'api#2']));
});

test.each([1, 2, 3])('of %i permits, executions and our client share each', async (permits) => {
  const name = newName();
  const semaphore = getLockFactory(TABLE, { client: table.client }).createSemaphore(name, { permits });
  const ours: HeldLock[] = [];
  const theirs: PermitExecution[] = [];
  for (let taken = 0; taken < permits; taken += 1) {
    if (taken % 2 === 1) {
      ours.push(await semaphore.acquire({ waitSeconds: 0 }));
      continue;
    }
    const execution = new PermitExecution(name, permits);
    await execution.pick();
    if (!(await execution.acquire())) {
      expect(await execution.look()).toMatchObject({ canBeTaken: true });
      expect(await execution.acquire()).toBe(true);
    }
    theirs.push(execution);
  }
  const held = [...ours.map((lock) => lock.name), ...theirs.map(({ known }) => known.name)];
  expect(new Set(held).size).toBe(permits);

  // Nobody gets one more.
  expect(await semaphore.tryAcquire()).toBeUndefined();
  const late = new PermitExecution(name, permits);
  await late.pick();
  expect(await late.acquire()).toBe(false);
  const seen = await late.look();
  expect(seen).toMatchObject({ canBeTaken: false, isMalformed: false, polls: 1 });
  expect(seen.seen).toHaveLength(permits);
  expect(seen.seen.filter(({ host }) => host === HOST)).toHaveLength(theirs.length);

  // What is given back is had by the other.
  expect(await theirs[0]?.release()).toBe(true);
  const next = await semaphore.acquire({ waitSeconds: 0 });
  expect(next.name).toBe(theirs[0]?.known.name);
  await next.release();
  expect(await late.look()).toMatchObject({ canBeTaken: true, name: next.name });
  expect(await late.acquire()).toBe(true);
  for (const lock of ours) await lock.release();
  for (const execution of [late, ...theirs.slice(1)]) expect(await execution.release()).toBe(true);
});

test('one of a holder that died is taken over, once it was seen for its lease, and no other', async () => {
  const name = newName();
  for (const index of [0, 1, 2])
    await table.put(`${name}#${index}`, entryOf(`${FOREIGN.slice(0, -1)}${index}`, index === 1 ? 5 : 60));
  const execution = new PermitExecution(name, 3);
  await execution.pick();
  const start = Date.now();
  expect((await execution.look(start)).canBeTaken).toBe(false);
  expect((await execution.look(start + 8_290)).canBeTaken).toBe(false);
  expect(await execution.acquire(start + 8_290)).toBe(false);
  expect(await execution.look(start + 8_310)).toMatchObject({ canBeTaken: true, name: `${name}#1` });
  // Refreshed between the look and the write.
  await table.put(`${name}#1`, entryOf(FOREIGN.replace('5f', '6f'), 5));
  expect(await execution.acquire(start + 8_320)).toBe(false);
  expect((await execution.look(start + 8_330)).canBeTaken).toBe(false);
  expect((await execution.look(start + 16_700)).canBeTaken).toBe(true);
  expect(await execution.acquire(start + 16_700)).toBe(true);
});

test('kept and free ones can be had, and what was not read is not taken for free', async () => {
  const name = newName();
  await table.put(`${name}#0`, entryOf(FOREIGN, 5));
  await table.put(`${name}#1`, entryOf(FOREIGN, 0));
  const execution = new PermitExecution(name, 2);
  await execution.pick();
  const UnprocessedKeys = { [TABLE]: { Keys: [{ lockKey: { S: `${name}#1` } }] } };
  const unread = { Responses: { [TABLE]: [] }, UnprocessedKeys };
  expect((await execution.look(Date.now(), unread)).seen).toMatchObject([{ isFree: true }, { isFree: false }]);
  expect(await execution.look()).toMatchObject({ canBeTaken: true, name: `${name}#1` });
  expect(await execution.acquire()).toBe(true);
});

test('something else under the name of a permit is left as it is, and told', async () => {
  const name = newName();
  await table.put(`${name}#1`, { value: { S: 'blue' } });
  const execution = new PermitExecution(name, 2);
  await execution.pick();
  expect(await execution.look()).toMatchObject({ isMalformed: true, name: `${name}#1` });
  expect(await execution.acquire()).toBe(false);
});

test('pauses get longer, and end in time', async () => {
  const nowMs = Date.now();
  const pausesAt = async (polls: number, waitSeconds: number): Promise<number[]> => {
    const variables = { lock: { waitsSince: new Date(nowMs).toISOString(), polls } };
    const field = pauseSeconds(SHARED, waitSeconds, 15);
    return Promise.all(
      Array.from({ length: 200 }, async () => (await evaluated(field, { variables, nowMs })) as number),
    );
  };
  const within = (pauses: number[]) => [Math.min(...pauses), Math.max(...pauses)];
  expect(within(await pausesAt(1, 60))).toEqual([1, 2]);
  expect(within(await pausesAt(9, 60))).toEqual([1, 15]);
  expect(within(await pausesAt(9, 3))).toEqual([1, 3]);
});
