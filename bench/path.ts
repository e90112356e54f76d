/**
 * The path of one call through `runtime/`: the files, functions and calls of functions that V8 counts for it
 * (docs/decisions/0011). The call is warm and uncontended, and uses the embedded server.
 *
 *     npm run bench:path     a few seconds; counts do not depend on the machine
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { FOLDER } from './bundle.js';
import { CallCounter, type Counted } from './call-counter.js';
import { Stage } from './stage.js';

type Runtime = typeof import('../runtime/index.js');

/** Prepares a call, and resolves to it. The preparation is not counted. */
type Preparation = (lockName: string) => Promise<() => Promise<unknown>>;

/** The first calls set up the connection, the caches and what the process shares. */
const WARM_UP_CALLS = 3;
/** Longer than the work that a call leaves for later, and shorter than a heartbeat. */
const SETTLED_MS = 300;

/** Compiles each file of runtime/ by itself, as a bundle would hide the files. Resolves to the folder. */
async function translated(): Promise<string> {
  const folder = join(FOLDER, 'path');
  rmSync(folder, { recursive: true, force: true });
  const sources = readdirSync('runtime', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const entryPoints = sources.map((file) => join('runtime', file));
  await build({ entryPoints, outbase: 'runtime', outdir: folder, format: 'esm', platform: 'node', target: 'node20' });
  return folder;
}

function callsOf({ getLockFactory, singleFlight, stickyLock, withLock, withLocks }: Runtime) {
  const factory = getLockFactory();
  const semaphore = factory.createSemaphore('semaphore', { permits: 3 });
  const sticky = stickyLock('sticky');
  const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 60_000 };
  const work = (): void => {};
  return {
    withLock: async (name) => () => withLock(name, work),
    withPermit: async () => () => semaphore.withPermit(work),
    'withLocks, two names': async (name) => () => withLocks([`${name} a`, `${name} b`], work),
    singleFlight: async (name) => () => singleFlight(name, { freshSeconds: 60 }, () => 1),
    'hand-over': async (name) => {
      const held = await factory.createLock(name).acquire();
      return async () => (await factory.deserializeLock(await held.serialize())).release();
    },
    // The last one: its lock and its timer stay.
    'stickyLock.use': async () => () => sticky.use(context, work),
  } satisfies Record<string, Preparation>;
}

async function countedIn(counter: CallCounter, what: string, prepare: Preparation): Promise<Counted> {
  for (let index = 0; index < WARM_UP_CALLS; index++) await (await prepare(`${what} ${index}`))();
  const call = await prepare(`${what} measured`);
  await sleep(SETTLED_MS);
  await counter.take();
  await call();
  await sleep(SETTLED_MS);
  return counter.take();
}

const row = (what: string, cells: readonly (string | number)[]): string =>
  what.padEnd(22) + cells.map((cell) => `${cell}`.padStart(11)).join('');

const folder = await translated();
const stage = await Stage.set();
try {
  Object.assign(process.env, stage.environment);
  const counter = await CallCounter.of(folder);
  const runtime = (await import(pathToFileURL(join(folder, 'index.js')).href)) as Runtime;
  console.log(row('one warm call of', ['files', 'functions', 'calls']));
  for (const [what, prepare] of Object.entries(callsOf(runtime))) {
    const { files, functions, calls } = await countedIn(counter, what, prepare);
    if (calls === 0) throw new Error(`${what} was run, but nothing of ${folder} was counted`);
    console.log(row(what, [files, functions, calls]));
  }
} finally {
  await stage.strike();
}
process.exit(0);
