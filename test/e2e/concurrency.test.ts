import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { currentHold, type InvocationContext, makeLocked } from '../../runtime/index.js';
import { clientEnvironment } from '../server/index.js';
import { Rig } from './rig.js';

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterEach(() => rig.clear());
afterAll(() => rig.stop());

/** The context of an invocation that began now. */
function invocation(awsRequestId: string, seconds: number): InvocationContext {
  const endsMs = performance.now() + seconds * 1000;
  return { awsRequestId, getRemainingTimeInMillis: () => endsMs - performance.now() };
}

test('invocations at once in one process: one at a time under a lock, each with what is its own', async () => {
  const running = new Map<string, number>();
  const seen: string[] = [];
  const handler = makeLocked(
    async (event: { readonly lock: string }, context: InvocationContext) => {
      const before = running.get(event.lock) ?? 0;
      running.set(event.lock, before + 1);
      // A step that lets all the others run meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 5));
      seen.push(`${context.awsRequestId} ${currentHold()?.name} ${currentHold()?.isHeld} ${before}`);
      running.set(event.lock, (running.get(event.lock) ?? 0) - 1);
      return context.awsRequestId;
    },
    { name: ({ lock }) => lock, factory: rig.factory() },
  );
  const ids = Array.from({ length: 12 }, (_, index) => index);
  const results = await Promise.all(
    ids.map((id) => handler({ lock: `lock-${id % 3}` }, invocation(`request-${id}`, 60))),
  );

  expect(results).toEqual(ids.map((id) => `request-${id}`));
  expect(new Set(seen)).toEqual(new Set(ids.map((id) => `request-${id} lock-${id % 3} true 0`)));
  expect(rig.proxy.counts).toEqual({ UpdateItem: 12, DeleteItem: 12 });
  expect(currentHold()).toBeUndefined();
});

test('an invocation that timed out and goes on running has lost its lock, and the next one gets it', async () => {
  let finish = (): void => {};
  const held: unknown[] = [];
  const goingOn = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const handler = makeLocked(
    async (event: 'slow' | 'quick', _: InvocationContext) => {
      const hold = currentHold();
      if (event === 'slow') await goingOn;
      held.push([event, hold?.isHeld]);
      return event;
    },
    { name: 'a', factory: rig.factory({ leaseSeconds: 2, logger: { warn: () => {}, debug: () => {} } }) },
  );
  const slow = handler('slow', invocation('request-1', 1)).catch((error: { reason?: unknown }) => error.reason);
  // Waits until the first one's end, which frees the place in the queue though its work goes on.
  const quick = await handler('quick', invocation('request-2', 60));
  expect(quick).toBe('quick');
  finish();

  expect(await slow).toBe('invocation-ended');
  expect(held).toEqual([
    ['quick', true],
    ['slow', false],
  ]);
});

test('worker threads are processes to each other: what they count under the lock adds up', async () => {
  await build({
    stdin: {
      contents: `
        import { parentPort, workerData } from 'node:worker_threads';
        import { withLock } from './runtime/index.js';
        const counter = new Int32Array(workerData.shared);
        for (let round = 0; round < workerData.rounds; round += 1) {
          await withLock('count', async () => {
            const before = counter[0];
            await new Promise((resolve) => setTimeout(resolve, 2));
            counter[0] = before + 1;
          });
        }
        parentPort.postMessage('done');
      `,
      resolveDir: process.cwd(),
    },
    // Where the packages it imports are found.
    outfile: '.cache/threads/worker.mjs',
    ...{ bundle: true, platform: 'node', format: 'esm', target: 'node20', external: ['@aws-sdk/*'] },
  });
  const shared = new SharedArrayBuffer(4);
  const env = { ...process.env, ...clientEnvironment(rig.proxy.endpoint), LYNK_TABLE_NAME: rig.tableName };
  const workers = [1, 2, 3].map(
    () => new Worker('./.cache/threads/worker.mjs', { env, workerData: { shared, rounds: 4 } }),
  );
  try {
    await Promise.all(
      workers.map(
        (worker) =>
          new Promise((resolve, reject) => {
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  expect(new Int32Array(shared)[0]).toBe(12);
});
