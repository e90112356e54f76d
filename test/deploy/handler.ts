import { setTimeout as sleep } from 'node:timers/promises';
import { type InvocationContext, withLock } from '../../runtime/index.js';

/** A handler as people write it: the table and its settings are in its environment. */
export async function handler(event: { readonly account: string }, context: InvocationContext): Promise<string> {
  return withLock(`account/${event.account}`, { context }, async (held) => {
    await sleep(300, undefined, { signal: held.signal });
    held.assertHeld();
    return 'charged';
  });
}
