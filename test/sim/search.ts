import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { runDurableSchedule } from './durable/durable-schedule.js';
import { runSchedule } from './schedule.js';
import type { Violation } from './world.js';

/** Seeds in one block of work. After a violation each worker finishes its block, so blocks are small. */
const BLOCK = 10;

/** Most objects die with their schedule. With a large young generation few of them are copied before. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 128 };

export interface SearchOptions {
  readonly from: number;
  readonly schedules: number;
  /** Only violations of this checker count. */
  readonly checker: string | undefined;
  /** Whether durable executions take part. Their seeds are their own. */
  readonly isDurable: boolean;
  readonly keepsGoing: boolean;
  /** Where progress is stored, so that an interrupted search can resume. */
  readonly progressFile: string | undefined;
  /** Called if the search resumes, with the seed. */
  readonly onResume: (seed: number) => void;
  readonly onProgress: (done: number, violations: number) => void;
}

interface Found extends Violation {
  readonly seed: number;
}

export interface SearchResult {
  /** Schedules run in this search. */
  readonly done: number;
  /** Sorted by seed. Only the first one, unless the search keeps going. */
  readonly found: readonly Found[];
  /** What happened in all schedules, by kind. */
  readonly counts: Counts;
}

type Counts = Record<string, number>;

interface Block {
  readonly from: number;
  readonly count: number;
}

interface BlockResult extends Block {
  readonly found: readonly Found[];
  readonly counts: Counts;
}

interface WorkerOptions {
  readonly isSimWorker: true;
  readonly checker: string | undefined;
  readonly isDurable: boolean;
  readonly keepsGoing: boolean;
}

/** Runs schedules on all cores until the first violation. The result does not depend on the number of cores. */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const progress = new Progress(options);
  if (progress.nextSeed > options.from) options.onResume(progress.nextSeed);
  const end = options.from + options.schedules;
  let next = progress.nextSeed;
  let done = 0;
  const found: Found[] = [];
  const counts: Counts = {};
  const { checker, isDurable, keepsGoing } = options;
  const data: WorkerOptions = { isSimWorker: true, checker, isDurable, keepsGoing };

  const runOn = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveBlock = (): void => {
        // Blocks are handed out in order, and each is finished. So the smallest seed with a violation is found.
        if (next >= end || (found.length > 0 && !keepsGoing)) {
          resolve();
          return;
        }
        const block: Block = { from: next, count: Math.min(BLOCK, end - next) };
        next += block.count;
        worker.postMessage(block);
      };
      worker.on('message', (result: BlockResult) => {
        done += result.count;
        found.push(...result.found);
        add(counts, result.counts);
        if (found.length === 0) progress.finished(result);
        options.onProgress(done, found.length);
        giveBlock();
      });
      worker.on('error', reject);
      giveBlock();
    });
  const workers = Array.from(
    { length: Math.max(2, availableParallelism()) },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: data, resourceLimits: YOUNG_GENERATION }),
  );
  try {
    await Promise.all(workers.map(runOn));
  } finally {
    for (const worker of workers) await worker.terminate();
  }
  if (found.length === 0) progress.clear();
  found.sort((a, b) => a.seed - b.seed);
  return { done, found: keepsGoing ? found : found.slice(0, 1), counts };
}

/** How far a search of the same build and seeds has come. */
class Progress {
  nextSeed: number;
  private readonly key: string;
  private readonly finishedBlocks = new Map<number, Block>();

  constructor(private readonly options: SearchOptions) {
    const build = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
    this.key = `${build.digest('hex')} ${options.from} ${options.schedules} ${options.checker} ${options.isDurable}`;
    this.nextSeed = this.load() ?? options.from;
  }

  /** A block counts when all blocks before it are finished. */
  finished(block: Block): void {
    this.finishedBlocks.set(block.from, block);
    for (let first = this.finishedBlocks.get(this.nextSeed); first; first = this.finishedBlocks.get(this.nextSeed)) {
      this.finishedBlocks.delete(first.from);
      this.nextSeed += first.count;
    }
    const { progressFile } = this.options;
    if (progressFile === undefined) return;
    mkdirSync(dirname(progressFile), { recursive: true });
    writeFileSync(progressFile, JSON.stringify({ key: this.key, nextSeed: this.nextSeed }));
  }

  clear(): void {
    if (this.options.progressFile !== undefined) rmSync(this.options.progressFile, { force: true });
  }

  private load(): number | undefined {
    if (this.options.progressFile === undefined) return undefined;
    try {
      const { key, nextSeed } = JSON.parse(readFileSync(this.options.progressFile, 'utf8'));
      return key === this.key ? nextSeed : undefined;
    } catch {
      return undefined;
    }
  }
}

async function runBlock(
  { from, count }: Block,
  { checker, isDurable, keepsGoing }: WorkerOptions,
): Promise<BlockResult> {
  const run = isDurable ? runDurableSchedule : runSchedule;
  const counts: Counts = {};
  const found: Found[] = [];
  for (let seed = from; seed < from + count && (keepsGoing || found.length === 0); seed += 1) {
    const { violation, counts: own = {} } = await run(seed, { checker });
    add(counts, own);
    if (violation) found.push({ seed, ...violation });
  }
  return { from, count, found, counts };
}

function add(sums: Counts, counts: Counts): void {
  for (const [kind, count] of Object.entries(counts)) sums[kind] = (sums[kind] ?? 0) + count;
}

if (!isMainThread && workerData?.isSimWorker === true) {
  // Stacks are expensive, and a search does not print them. A replay does.
  Error.stackTraceLimit = 0;
  const options: WorkerOptions = workerData;
  parentPort?.on('message', (block: Block) => {
    void runBlock(block, options).then((result) => parentPort?.postMessage(result));
  });
}
