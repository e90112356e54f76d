import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { timed } from '../statistics.js';

/** Releases what was acquired. */
export type Release = () => Promise<unknown>;

/** The parts of a lock library that are measured. */
export interface Library {
  /** Waits without a limit. */
  acquire(lock: string): Promise<Release>;
  /** Tries without waiting; undefined if it is refused. Not all libraries have this. */
  tryAcquire?(lock: string): Promise<Release | undefined>;
  /** A conditional put and a conditional delete by the library's SDK alone. */
  putAndDelete(): Promise<void>;
}

/** The assignment of a worker process. */
export interface Assignment {
  readonly endpoint: string;
  readonly table: string;
  /** A table with the partition key `lockKey` alone, for the SDK. */
  readonly floorTable: string;
  readonly leaseSeconds: number;
  /** The variant of the library. */
  readonly variant: string;
}

/**
 * Carries out the lines of standard input at the same time, each `NUMBER COMMAND ARGUMENT...`, and answers
 * `NUMBER ok NUMBER...` or `NUMBER error WHY`. Workers in other languages (worker.py, Worker.java) do the same:
 *
 * - `prepare LOCK`: prepares requests for that lock, if that takes long
 * - `acquire LOCK`, `release LOCK`; `try LOCK` answers 1 if it was granted
 * - `cycles COUNT`, `floor COUNT`: milliseconds
 * - `callers LOCK CALLERS CYCLES WORK_MS LIMIT_MS`: cycles done, hand-overs, and when each caller was done, in ms
 */
export function serve(library: Library): void {
  const held = new Map<string, Release>();
  const commands: Record<string, (...args: string[]) => Promise<readonly number[]>> = {
    prepare: async () => [],
    acquire: async (lock = '') => {
      held.set(lock, await library.acquire(lock));
      return [];
    },
    release: async (lock = '') => {
      await held.get(lock)?.();
      return [];
    },
    try: async (lock = '') => {
      const release = await library.tryAcquire?.(lock);
      if (release) held.set(lock, release);
      return [release ? 1 : 0];
    },
    cycles: async (count) => [
      await timed(async () => {
        for (let cycle = 0; cycle < Number(count); cycle += 1) await (await library.acquire('cycle'))();
      }),
    ],
    floor: async (count) => [
      await timed(async () => {
        for (let cycle = 0; cycle < Number(count); cycle += 1) await library.putAndDelete();
      }),
    ],
    callers: (lock = '', ...numbers) => {
      const [callers = 0, cycles = 0, workMs = 0, limitMs = 0] = numbers.map(Number);
      return contend(library, lock, { callers, cycles, workMs, limitMs });
    },
  };
  const input = createInterface(process.stdin);
  input.on('line', (line) => {
    const [number, command = '', ...args] = line.split(' ');
    const answer = commands[command]?.(...args) ?? Promise.reject(new Error(`no such command: ${command}`));
    answer.then(
      (values) => console.log([number, 'ok', ...values].join(' ')),
      (error: unknown) => console.log(`${number} error ${error}`.replaceAll('\n', ' ')),
    );
  });
  input.on('close', () => process.exit());
  console.log('0 ok');
}

interface Crowd {
  readonly callers: number;
  readonly cycles: number;
  readonly workMs: number;
  readonly limitMs: number;
}

/** Runs all callers at the same time, until all are done or the time is up. */
async function contend(library: Library, lock: string, crowd: Crowd): Promise<readonly number[]> {
  const startMs = performance.now();
  const ends: number[] = [];
  let [done, handOvers, last, inside] = [0, 0, -1, 0];
  const live = async (caller: number): Promise<void> => {
    for (let cycle = 0; cycle < crowd.cycles; cycle += 1) {
      const release = await library.acquire(lock);
      inside += 1;
      if (inside !== 1) throw new Error('two callers hold one lock');
      if (last !== caller) handOvers += 1;
      last = caller;
      await sleep(crowd.workMs);
      inside -= 1;
      await release();
      done += 1;
    }
    ends.push(performance.now() - startMs);
  };
  const all = Promise.all(Array.from({ length: crowd.callers }, (_, caller) => live(caller)));
  await Promise.race([all, sleep(crowd.limitMs)]);
  return [done, handOvers, ...ends];
}
