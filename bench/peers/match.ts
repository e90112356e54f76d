import { setTimeout as sleep } from 'node:timers/promises';
import { fairness, mean, median, quantile } from '../statistics.js';
import type { Contestant, Discipline } from './contestants.js';
import type { Asked, Worker } from './worker.js';

/** The settings of all libraries: the default of most of them. */
const LEASE_SECONDS = 20;
const CRASH_LEASE_SECONDS = 4;
/** Milliseconds after a crash that count as late: a lease, the tolerance of clocks, and some more. */
const LATE_MS = 10_000;
const CALLERS_LIMIT_MS = 120_000;

export type Figures = Readonly<Record<string, number>>;
export type Results = Partial<Record<Discipline, Figures>>;

/** Starts a worker of the contestant. */
export type Enlist = (leaseSeconds: number, counted?: 'counted' | 'uncounted') => Promise<Worker>;

/** Resolves once all contestants that run at the same time are ready: starting processes take all processors. */
type Ready = () => Promise<void>;

type Measure = (enlist: Enlist, contestant: Contestant, ready: Ready) => Promise<Figures>;

/** Acquire and release of a free lock: its requests, and its time compared with the SDK's put and delete. */
const cycle: Measure = async (enlist) => {
  const [counted, direct] = await Promise.all([enlist(LEASE_SECONDS), enlist(LEASE_SECONDS, 'uncounted')]);
  await counted.ask('cycles', 2);
  counted.forget();
  await counted.ask('cycles', 10);
  const asked = counted.asked();
  const ratios: number[] = [];
  // The first cycles only warm up the virtual machine.
  for (let pair = -2; pair < 7; pair += 1) {
    const order = pair % 2 === 0 ? ['cycles', 'floor'] : ['floor', 'cycles'];
    const took: Record<string, number> = {};
    for (const command of order) [took[command] = Number.NaN] = await direct.ask(command, 60);
    if (pair >= 0) ratios.push((took['cycles'] ?? Number.NaN) / (took['floor'] ?? Number.NaN));
  }
  return { writes: asked.writes / 10, reads: asked.reads / 10, halfReads: asked.halfReads / 10, ratio: median(ratios) };
};

/** A try of a lock that another process holds. */
const failedTry: Measure = async (enlist) => {
  const [holder, other] = await Promise.all([enlist(LEASE_SECONDS), enlist(LEASE_SECONDS)]);
  await holder.ask('acquire', 'tried');
  other.forget();
  const [granted] = await other.ask('try', 'tried');
  if (granted !== 0) throw new Error('two processes hold one lock');
  return { ...other.asked('tried') };
};

/** From the answer to a release to the acquire of a waiting process. */
const handOver: Measure = async (enlist, { waits }, ready) => {
  const [holder, waiter] = await Promise.all([enlist(LEASE_SECONDS), enlist(LEASE_SECONDS)]);
  await ready();
  const round = async (index: number): Promise<{ delayMs: number; asked: Asked }> => {
    const lock = `hand-over-${index}-`;
    await Promise.all([holder, waiter].map((worker) => worker.ask('prepare', lock)));
    await holder.ask('acquire', lock);
    const waiting = waiter.ask('acquire', lock);
    await sleep(2100 + 800 * Math.random());
    await holder.ask('release', lock);
    const releasedMs = performance.now();
    await waiting;
    const delayMs = performance.now() - releasedMs;
    const asked = waiter.asked(lock);
    await waiter.ask('release', lock);
    return { delayMs, asked };
  };
  const rounds = waits === 'busy' ? await inTurn(5, 1, round) : await inTurn(waits === 'polls' ? 40 : 20, 10, round);
  const delays = rounds.map(({ delayMs }) => delayMs);
  const of = (key: keyof Asked): number => mean(rounds.map(({ asked }) => asked[key]));
  return {
    rounds: rounds.length,
    medianMs: median(delays),
    p95Ms: quantile(delays, 0.95),
    ...{ writes: of('writes'), reads: of('reads'), halfReads: of('halfReads') },
  };
};

/** A holder is killed. Another process requests its locks at once, or after a while. */
const crashed =
  (laterMs: number): Measure =>
  async (enlist, { waits }, ready) => {
    const names = Array.from({ length: waits === 'busy' ? 1 : 5 }, (_, index) => `crash-${laterMs}-${index}-`);
    const holder = await enlist(CRASH_LEASE_SECONDS);
    // This process has never seen these locks.
    const contender = await enlist(CRASH_LEASE_SECONDS);
    await contender.ask('cycles', 1);
    await Promise.all(names.flatMap((name) => [holder, contender].map((worker) => worker.ask('prepare', name))));
    await ready();
    await Promise.all(names.map((name) => holder.ask('acquire', name)));
    await holder.kill();
    await sleep(laterMs);
    const times = await Promise.all(
      names.map(async (name) => {
        const startMs = performance.now();
        await contender.ask('acquire', name);
        return performance.now() - startMs;
      }),
    );
    const asked = names.map((name) => contender.asked(name));
    const of = (key: keyof Asked): number => median(asked.map((one) => one[key]));
    return { medianMs: median(times), writes: of('writes'), reads: of('reads'), halfReads: of('halfReads') };
  };

/** The requests of a hold in a minute, without its acquire and release. */
const minute: Measure = async (enlist, _, ready) => {
  const holder = await enlist(LEASE_SECONDS);
  await ready();
  await holder.ask('acquire', 'minute');
  holder.forget();
  await sleep(60_000);
  const asked = holder.asked('minute');
  await holder.ask('release', 'minute');
  return { ...asked };
};

/** Ten callers of one process, each 20 times, with 2 ms of work; at most two minutes of it. */
const callers: Measure = async (enlist, _, ready) => {
  const worker = await enlist(LEASE_SECONDS);
  await worker.ask('cycles', 10);
  await ready();
  worker.forget();
  const startMs = performance.now();
  const [done = 0, handOvers = 0, ...ends] = await worker.ask('callers', 'callers', 10, 20, 2, CALLERS_LIMIT_MS);
  const tookMs = performance.now() - startMs;
  const { writes, reads } = worker.asked('callers');
  const isComplete = ends.length === 10;
  return {
    done,
    handOversPerSecond: (handOvers * 1000) / tookMs,
    requests: (writes + reads) / done,
    ...(isComplete && { tookMs: Math.max(...ends), fairness: fairness(ends) }),
  };
};

const ALONE: Partial<Record<Discipline, Measure>> = { cycle, try: failedTry };
const WAITING: Partial<Record<Discipline, Measure>> = { handOver, callers };
const PATIENT: Partial<Record<Discipline, Measure>> = { crash: crashed(0), lateCrash: crashed(LATE_MS), minute };

/** Measured while nothing else is. */
export function aloneOf({ waits }: Contestant): Partial<Record<Discipline, Measure>> {
  if (waits === 'busy') return { ...ALONE, ...WAITING, ...PATIENT };
  return waits === 'polls' ? { ...ALONE, ...WAITING } : ALONE;
}

/** Mostly asleep, so it is measured at the same time as others. */
export function besideOthersOf({ waits }: Contestant): Partial<Record<Discipline, Measure>> {
  if (waits === 'busy') return {};
  return waits === 'polls' ? PATIENT : { ...WAITING, ...PATIENT };
}

async function inTurn<T>(count: number, atATime: number, round: (index: number) => Promise<T>): Promise<T[]> {
  const outcomes: T[] = [];
  for (let from = 0; from < count; from += atATime) {
    const indices = Array.from({ length: Math.min(atATime, count - from) }, (_, offset) => from + offset);
    outcomes.push(...(await Promise.all(indices.map(round))));
  }
  return outcomes;
}
