import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory } from '../../runtime/index.js';
import { lockLogger } from './event-log.js';

/**
 * One worker: waits for `my lock`, works under it, and gives it back. The table's name is in
 * `LYNK_TABLE_NAME`; what its lock has to say goes to the file `EVENT_LOG`. Argument: the worker's name.
 */
const [name = 'Worker'] = process.argv.slice(2);
const hostIdentifier = `${name}/${process.pid}`;
const factory = getLockFactory(undefined, { hostIdentifier, leaseSeconds: 3, logger: lockLogger(name) });

console.log(`${name} - Starting`);
await factory.withLock('my lock', async (held) => {
  console.log(`${name} - Lock acquired`);
  // Longer than the lease, which is refreshed meanwhile.
  await sleep(4000, undefined, { signal: held.signal });
  held.assertHeld();
});
console.log(`${name} - Lock released`);
