import { WatchPicture } from '../../bin/cli/watch-picture.js';
import type { LockInspection } from '../../runtime/index.js';
import { World } from '../../test/scenarios/world.js';

const START_MS = Date.UTC(2026, 0, 1);
const END_MS = 40_000;
const INTERVAL_MS = 1000;

/** What `ls --watch --svg` draws of a table where some things happen: the real client in virtual time. */
export async function drawWatchedLocks(): Promise<string> {
  const world = new World();
  const sleep = (seconds: number): Promise<void> => world.time.sleep(seconds * 1000);
  const locks = (host: string, leaseSeconds: number) => world.process(host, { leaseSeconds });
  const picture = new WatchPicture('docs/watched-locks.svg', 'my-locks');

  const deploy = async (): Promise<void> => {
    await sleep(3);
    await locks('runner-7/4711', 20).factory.withLock('deploy/prod', () => sleep(30));
  };
  const bill = async (host: string, startSeconds: number, workSeconds: number): Promise<void> => {
    await sleep(startSeconds);
    await locks(host, 6).factory.withLock('account/42', () => sleep(workSeconds));
  };
  const report = async (): Promise<void> => {
    await sleep(1);
    const first = locks('reports/1', 8);
    // Never thawed: as good as dead.
    void first.factory.withLock('nightly', () => sleep(1e6));
    await sleep(9);
    first.freeze(1e9);
    await sleep(18);
    await locks('reports/2', 8).factory.withLock('nightly', () => sleep(8));
  };
  const watch = async (): Promise<void> => {
    const watcher = locks('watcher', 10);
    for (let atMs = 0; atMs < END_MS; atMs += INTERVAL_MS) {
      const found: LockInspection[] = [];
      for await (const lock of watcher.factory.list()) found.push(lock);
      picture.add(found, START_MS + world.time.nowMs);
      await world.time.sleep(INTERVAL_MS);
    }
  };
  const all = Promise.all([
    watch(),
    deploy(),
    bill('billing/1', 2, 9),
    bill('billing/2', 5, 12),
    bill('billing/3', 28, 9),
    report(),
  ]);
  await world.time.run(END_MS + 1000);
  await all;
  return picture.draw();
}
