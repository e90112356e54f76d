import { currentHold, getLockFactory, withLock } from '../../../runtime/light/index.js';

/** Holds a lock over TLS, and reads its entry. */
const [fencingToken, inspected] = await getLockFactory(undefined, { fencing: true }).withLock('a', async (held) => {
  await held.refresh();
  return [held.fencingToken > 0n, await getLockFactory().inspect('a')] as const;
});
const isHeld = await withLock('b', async () => currentHold()?.isHeld);
console.log(JSON.stringify({ fencingToken, holder: inspected?.holder !== undefined, isHeld }));
