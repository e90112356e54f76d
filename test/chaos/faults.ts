import { SeededRandom } from './random.js';
import type { Toxic } from './toxiproxy.js';

/** What is done to a worker's process. */
type ProcessFault = { readonly kind: 'kill' } | { readonly kind: 'stop' };

/** What is done to a worker's way to the database. */
type NetworkFault = { readonly kind: 'cut' } | { readonly kind: 'toxic'; readonly toxic: Toxic };

interface Period {
  /** From the start of the run. */
  readonly atMs: number;
  /** How long until it is undone: mended, continued, started again. */
  readonly lastsMs: number;
}

/** A fault of one worker. */
export interface WorkerFault extends Period {
  readonly what: ProcessFault | NetworkFault;
  readonly worker: number;
  /**
   * Strikes somebody who is inside a section at that moment instead, where there is one: that is where a
   * mistake shows, and blind strikes mostly miss it.
   */
  readonly aimed: boolean;
}

/** A crash of the database. */
interface Crash extends Period {
  readonly what: { readonly kind: 'crash' };
}

export type Fault = WorkerFault | Crash;

interface Extent {
  readonly seconds: number;
  readonly workers: number;
  /** Between two crashes of the database, at least and at most; none without. */
  readonly crashIntervalMs: readonly [number, number] | undefined;
}

/**
 * All faults of a run, drawn from its seed before it begins. Some are shorter than a lease (1 to 3 s) and
 * must be survived; some are longer, and holds must be given up in time.
 */
export function drawFaults(seed: number, { seconds, workers, crashIntervalMs }: Extent): Fault[] {
  const endMs = seconds * 1000;
  const everyone = [...new Array(workers).keys()];
  const faults: Fault[] = [];
  const draw = (about: string, untilNextMs: readonly [number, number], next: (random: SeededRandom) => Draft[]) => {
    const random = new SeededRandom(`${seed}/${about}`);
    // The first second is calm, so that somebody holds something.
    for (let atMs = 1000; ; ) {
      atMs += random.between(...untilNextMs);
      if (atMs >= endMs) break;
      for (const draft of next(random)) faults.push({ ...draft, atMs, lastsMs: Math.min(draft.lastsMs, endMs - atMs) });
    }
  };
  draw('network', [400, 1400], (random) => {
    const lastsMs = lasting(random);
    if (random.chance(0.04)) {
      return everyone.map((worker) => ({ lastsMs, worker, aimed: false, what: { kind: 'cut' } }));
    }
    const what: NetworkFault = random.chance(0.3) ? { kind: 'cut' } : { kind: 'toxic', toxic: drawToxic(random) };
    return [{ lastsMs, worker: random.pick(everyone), aimed: random.chance(0.5), what }];
  });
  draw('processes', [500, 2000], (random) => {
    const target = { worker: random.pick(everyone), aimed: random.chance(0.7) };
    if (random.chance(0.25)) return [{ ...target, lastsMs: random.between(100, 2000), what: { kind: 'kill' } }];
    return [{ ...target, lastsMs: lasting(random), what: { kind: 'stop' } }];
  });
  if (crashIntervalMs) {
    draw('database', crashIntervalMs, (random) => [{ lastsMs: random.spread(100, 2000), what: { kind: 'crash' } }]);
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

type Draft = Omit<WorkerFault, 'atMs'> | Omit<Crash, 'atMs'>;

/** As often short as long, compared with a lease. */
function lasting(random: SeededRandom): number {
  return random.chance(0.5) ? random.spread(100, 2000) : random.between(2000, 7000);
}

function drawToxic(random: SeededRandom): Toxic {
  const stream = random.pick(['upstream', 'downstream'] as const);
  const type = random.pick(['latency', 'latency', 'bandwidth', 'reset_peer', 'timeout'] as const);
  const attributes = {
    // Up to twice what the client waits for, so that requests land after it has given them up.
    latency: () => ({ latency: Math.round(random.spread(20, 3000)), jitter: Math.round(random.spread(1, 500)) }),
    // KB/s; a request is about one KB.
    bandwidth: () => ({ rate: random.pick([1, 2, 10]) }),
    reset_peer: () => ({ timeout: Math.round(random.between(0, 300)) }),
    // 0: swallows everything until it is removed.
    timeout: () => ({ timeout: random.pick([0, 0, 200, 1000]) }),
  }[type]();
  return { type, stream, attributes };
}
