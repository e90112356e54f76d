import { type InvocationContext, withLock } from '../../runtime/index.js';
import { GuardedStore } from './guarded-store.js';

/** What the store keeps, outlives who wrote it. */
export const store = new GuardedStore();

/**
 * Writes to a store that knows nothing of DynamoDB, and so can be no part of a transaction. Each hold has a token
 * greater than that of every hold before, and the store refuses what comes with a smaller one than it has seen.
 */
export async function handler({ text }: { readonly text: string }, context: InvocationContext): Promise<string> {
  return withLock('report', { context, fencing: true }, async ({ fencingToken }) => {
    store.write('report', text, fencingToken);
    return String(fencingToken);
  });
}
