import { setTimeout as sleep } from 'node:timers/promises';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { HeldLock } from '../runtime/index.js';
import { formatVersion, holdIdFrom } from '../runtime/protocol/version.js';
import { Contenders } from './contenders.js';
import type { Figure } from './figure.js';
import { heldHour } from './model/hours.js';
import { type Counts, putAndDelete, type Stage, total } from './stage.js';
import { fairness, mean, median, pairedRatio, quantile, timed, times } from './statistics.js';

/** An uncontended acquire and release, compared with a conditional put and delete by the SDK alone. */
export async function cycle(stage: Stage): Promise<Figure[]> {
  const { locks, take } = stage.ours();
  const lock = locks.createLock('cycle');
  const { client } = stage.client();
  await lock.withLock(() => {});
  take();
  await lock.withLock(() => {});
  const requests = total(take());
  const ratio = await pairedRatio(
    9,
    times(200, async () => (await lock.acquire()).release()),
    times(200, () => putAndDelete(client, stage.table, 'floor')),
  );
  return [
    { what: 'uncontended cycle', unit: 'requests', value: requests, goal: 2, exact: true },
    { what: 'uncontended cycle, over the SDK alone', unit: 'ratio', value: ratio, goal: 1.15, slack: 1.3 },
  ];
}

/** A try of a lock that another holds. */
export async function failedTry(stage: Stage): Promise<Figure[]> {
  const held = await stage.ours().locks.createLock('try').acquire();
  const { locks, take } = stage.ours();
  const outcome = await locks.tryWithLock('try', () => {});
  const requests = total(take());
  if (outcome.acquired || outcome.holder.hostIdentifier !== 'bench') throw new Error('the try was not refused');
  await held.release();
  return [{ what: 'failed try', unit: 'requests', value: requests, goal: 1, exact: true }];
}

/** A lock that is held for a minute of virtual time. */
export async function minute(): Promise<Figure[]> {
  const { writes, halfReads } = await heldHour(20, 60_000);
  const value = writes + halfReads;
  return [{ what: 'holding for a minute, lease 20 s', unit: 'requests', value, goal: 6, exact: true }];
}

/** From a release to the acquire of a waiting process. Rounds run at the same time, on locks of their own. */
export async function handOver(stage: Stage, rounds = 120): Promise<Figure[]> {
  const round = async (index: number): Promise<{ delayMs: number; counts: Counts }> => {
    const holder = stage.ours();
    const waiter = stage.ours();
    const lock = `hand-over ${index}`;
    const held = await holder.locks.createLock(lock).acquire();
    const waiting = waiter.locks.createLock(lock).acquire();
    await sleep(2100 + 800 * Math.random());
    await held.release();
    const releasedMs = performance.now();
    const taken = await waiting;
    const delayMs = performance.now() - releasedMs;
    const counts = waiter.take();
    await taken.release();
    return { delayMs, counts };
  };
  const outcomes: Awaited<ReturnType<typeof round>>[] = [];
  // A few at a time, so that their requests do not delay each other.
  for (let index = 0; index < rounds; index += 10) {
    outcomes.push(...(await Promise.all(Array.from({ length: 10 }, (_, offset) => round(index + offset)))));
  }
  const delays = outcomes.map(({ delayMs }) => delayMs);
  const writes = outcomes.map(({ counts }) => total(counts) - (counts['GetItem'] ?? 0));
  return [
    { what: 'hand-over, median', unit: 'ms', value: median(delays), goal: 100, samples: delays },
    { what: 'hand-over, p95', unit: 'ms', value: quantile(delays, 0.95), goal: 230 },
    {
      what: 'hand-over, mean of the waiter’s',
      unit: 'requests',
      value: mean(outcomes.map(({ counts }) => total(counts))),
      goal: 21,
    },
    {
      what: 'hand-over, most writes of the waiter',
      unit: 'requests',
      value: Math.max(...writes),
      goal: 2,
      exact: true,
    },
  ];
}

const CRASH_LEASE_SECONDS = 4;
/** Long enough for a busy machine, while a thousand requests queue for the client's sockets. */
const LONG_LEASE_SECONDS = 600;

/** The takeover from a holder that dies right after its acquire. */
export async function crash(stage: Stage, rounds = 10): Promise<Figure[]> {
  const { client } = stage.client();
  const beyond = await Promise.all(
    Array.from({ length: rounds }, async (_, index) => {
      await putEntryOfTheDead(client, stage.table, `crash ${index}`, 0);
      const tookMs = await timed(async () =>
        (await stage.ours().locks.createLock(`crash ${index}`).acquire()).release(),
      );
      return tookMs - CRASH_LEASE_SECONDS * 1000;
    }),
  );
  const late: { ms: number; requests: number }[] = [];
  for (let index = 0; index < rounds; index += 1) {
    await putEntryOfTheDead(client, stage.table, `late ${index}`, 60);
    const { locks, take } = stage.ours();
    await locks.createLock('connects').withLock(() => {});
    take();
    let held: HeldLock | undefined;
    const ms = await timed(async () => {
      held = await locks.createLock(`late ${index}`).acquire();
    });
    late.push({ ms, requests: total(take()) });
    await held?.release();
  }
  return [
    {
      what: 'crashed holder, beyond its lease, waited for from the start',
      unit: 'ms',
      value: median(beyond),
      goal: 300,
    },
    {
      what: 'crashed holder, long after',
      unit: 'requests',
      value: Math.max(...late.map(({ requests }) => requests)),
      goal: 2,
      exact: true,
    },
    { what: 'crashed holder, long after', unit: 'ms', value: median(late.map(({ ms }) => ms)), goal: 20 },
  ];
}

/** Ten callers of one process, compared with one caller that runs all cycles. */
export async function callers(stage: Stage): Promise<Figure[]> {
  const { locks, take } = stage.ours();
  const lock = locks.createLock('callers', { waitSeconds: 300 });
  let last = -1;
  let handOvers = 0;
  let ends: number[] = [];
  const cycles = async (caller: number, count: number, startMs: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await lock.withLock(async () => {
        if (last !== caller) handOvers += 1;
        last = caller;
        await sleep(2);
      });
    }
    ends.push(performance.now() - startMs);
  };
  const together = async (): Promise<void> => {
    ends = [];
    handOvers = 0;
    take();
    const startMs = performance.now();
    await Promise.all(Array.from({ length: 10 }, (_, caller) => cycles(caller, 20, startMs)));
  };
  const alone = (): Promise<void> => cycles(-2, 200, 0);
  const ratio = await pairedRatio(7, together, alone);
  await together();
  return [
    { what: '10 callers x 20 cycles, over one caller', unit: 'ratio', value: ratio, goal: 1.25 },
    { what: '10 callers x 20 cycles, a cycle', unit: 'requests', value: total(take()) / 200, goal: 2.1 },
    { what: '10 callers x 20 cycles, hand-overs', unit: '', value: handOvers, goal: 200, least: true },
    { what: '10 callers x 20 cycles, fairness', unit: '', value: fairness(ends), goal: 0.95, least: true },
  ];
}

/** Ten processes, compared with one that runs all cycles. */
export async function processes(stage: Stage, pairs = 9): Promise<Figure[]> {
  const [one, ten] = await Promise.all([Contenders.start(stage, 1), Contenders.start(stage, 10)]);
  try {
    const rounds: { ratio: number; slowest: number; requests: number }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      const alone = await one.run(200);
      const together = await ten.run(20);
      const last = Math.max(...together.endsMs);
      rounds.push({
        ratio: last / Math.max(...alone.endsMs),
        slowest: last / mean(together.endsMs),
        requests: together.requests / 200,
      });
    }
    const of = (key: keyof (typeof rounds)[number]): number => median(rounds.map((round) => round[key]));
    return [
      { what: '10 processes x 20 cycles, over one process', unit: 'ratio', value: of('ratio'), goal: 2 },
      { what: '10 processes x 20 cycles, a cycle', unit: 'requests', value: of('requests'), goal: 3.2 },
      { what: '10 processes x 20 cycles, slowest over mean', unit: 'ratio', value: of('slowest'), goal: 1.6 },
    ];
  } finally {
    one.stop();
    ten.stop();
  }
}

/** A thousand locks at once, compared with a thousand puts and deletes at once. */
export async function manyLocks(stage: Stage, pairs = 15, atOnce = 1000): Promise<Figure[]> {
  const { locks } = stage.ours({ leaseSeconds: LONG_LEASE_SECONDS, waitSeconds: 300 }, stage.default(true));
  const { client } = stage.client();
  const names = Array.from({ length: atOnce }, (_, index) => `many ${index}`);
  const ratio = await pairedRatio(
    pairs,
    () => Promise.all(names.map(async (name) => (await locks.createLock(name).acquire()).release())),
    () => Promise.all(names.map((name) => putAndDelete(client, stage.table, `floor ${name}`))),
  );
  const what = `${atOnce.toLocaleString('en-US')} locks at once, over the SDK alone`;
  return [{ what, unit: 'ratio', value: ratio, goal: 1.2, slack: 1.3 }];
}

/** The heap of a thousand held locks. Needs `--expose-gc`. */
export async function heap(stage: Stage): Promise<Figure[]> {
  const { locks } = stage.ours({ leaseSeconds: LONG_LEASE_SECONDS, waitSeconds: 300 }, stage.default(true));
  // A few at a time: on a busy machine, requests that queue for sockets would run into their time limits.
  const hold = async (prefix: string): Promise<HeldLock[]> => {
    const held: HeldLock[] = [];
    for (let from = 0; from < 1000; from += 50) {
      const names = Array.from({ length: 50 }, (_, offset) => `${prefix} ${from + offset}`);
      held.push(...(await Promise.all(names.map((name) => locks.createLock(name).acquire()))));
    }
    return held;
  };
  const release = async (held: readonly HeldLock[]): Promise<void> => {
    for (let from = 0; from < held.length; from += 50) {
      await Promise.all(held.slice(from, from + 50).map((one) => one.release()));
    }
  };
  const gc = globalThis.gc;
  if (!gc) throw new Error('without --expose-gc nobody knows what is garbage');
  const used = (): number => {
    void gc();
    void gc();
    return process.memoryUsage().heapUsed;
  };
  // One round first, so that code, connections and pools are there.
  await release(await hold('warm'));
  const before = used();
  const held = await hold('held');
  const bytes = (used() - before) / held.length;
  await release(held);
  return [{ what: 'a held lock, on the heap', unit: 'bytes', value: bytes, goal: 2048 }];
}

async function putEntryOfTheDead(
  client: DynamoDBClient,
  table: string,
  name: string,
  agoSeconds: number,
): Promise<void> {
  const holdId = holdIdFrom(crypto.getRandomValues(new Uint8Array(10)));
  const version = formatVersion({ stampMs: Date.now() - agoSeconds * 1000, timed: true, holdId });
  const Item = {
    lockKey: { S: name },
    leaseDuration: { N: String(CRASH_LEASE_SECONDS) },
    versionNumber: { S: version },
    hostIdentifier: { S: 'dead' },
  };
  await client.send(new PutItemCommand({ TableName: table, Item }));
}
