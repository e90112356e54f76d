import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { runSchedule } from './schedule.js';
import type { Violation } from './world.js';

/** Seeds that a worker runs before it tells. */
const BLOCK = 50;

/** What a schedule allocates is garbage at its end: with room for it, little is moved before. */
const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 128 };

export interface SearchOptions {
  readonly from: number;
  readonly schedules: number;
  /** Judged by this checker alone. */
  readonly checker: string | undefined;
  readonly keepsGoing: boolean;
  /** Where to note how far it came, and to go on from there. */
  readonly progressFile: string | undefined;
  /** It goes on from that seed. */
  readonly onResume: (seed: number) => void;
  readonly onProgress: (done: number, violations: number) => void;
}

interface Found extends Violation {
  readonly seed: number;
}

export interface SearchResult {
  /** Schedules run, this time. */
  readonly done: number;
  /** By seed; the first one only, unless it keeps going. */
  readonly found: readonly Found[];
}

interface Block {
  readonly from: number;
  readonly count: number;
}

interface BlockResult extends Block {
  readonly found: readonly Found[];
}

interface WorkerOptions {
  readonly isSimWorker: true;
  readonly checker: string | undefined;
  readonly keepsGoing: boolean;
}

/** Runs schedules on all cores, until a violation or the end. Which seed is found does not depend on the cores. */
export async function search(options: SearchOptions): Promise<SearchResult> {
  const progress = new Progress(options);
  if (progress.nextSeed > options.from) options.onResume(progress.nextSeed);
  const end = options.from + options.schedules;
  let next = progress.nextSeed;
  let done = 0;
  const found: Found[] = [];
  const { checker, keepsGoing } = options;
  const data: WorkerOptions = { isSimWorker: true, checker, keepsGoing };

  const runOn = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveBlock = (): void => {
        // Blocks are given out in order, and those begun are finished: the first seed found is the first.
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
  return { done, found: keepsGoing ? found : found.slice(0, 1) };
}

/** How far a search came, for the same build and the same seeds. */
class Progress {
  nextSeed: number;
  private readonly key: string;
  private readonly finishedBlocks = new Map<number, Block>();

  constructor(private readonly options: SearchOptions) {
    const build = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
    this.key = `${build.digest('hex')} ${options.from} ${options.schedules} ${options.checker}`;
    this.nextSeed = this.load() ?? options.from;
  }

  /** Only what has no gap before it counts. */
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

async function runBlock({ from, count }: Block, { checker, keepsGoing }: WorkerOptions): Promise<BlockResult> {
  const found: Found[] = [];
  for (let seed = from; seed < from + count && (keepsGoing || found.length === 0); seed += 1) {
    const { violation } = await runSchedule(seed, { checker });
    if (violation) found.push({ seed, ...violation });
  }
  return { from, count, found };
}

if (!isMainThread && workerData?.isSimWorker === true) {
  // Nobody reads the stacks of a search's errors, and there are many: a replay has them.
  Error.stackTraceLimit = 0;
  const options: WorkerOptions = workerData;
  parentPort?.on('message', (block: Block) => {
    void runBlock(block, options).then((result) => parentPort?.postMessage(result));
  });
}
