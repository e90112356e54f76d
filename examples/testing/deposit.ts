import { getLockFactory, LockNotGrantedError, withLock } from '../../runtime/index.js';

/** Where accounts are kept. */
export interface Accounts {
  balance(id: string, options: { readonly signal: AbortSignal }): Promise<number>;
  save(id: string, balance: number): Promise<void>;
}

/** Reads, adds and writes: two at once would lose a deposit, so one at a time. */
export async function deposit(accounts: Accounts, id: string, amount: number): Promise<'done' | 'try later'> {
  try {
    return await withLock(`account/${id}`, { waitSeconds: 10 }, async (held) => {
      const balance = await accounts.balance(id, { signal: held.signal });
      held.assertHeld({ forSeconds: 2 });
      await accounts.save(id, balance + amount);
      return 'done' as const;
    });
  } catch (error) {
    if (error instanceof LockNotGrantedError) return 'try later';
    throw error;
  }
}

/** Made when the module is loaded, as a Lambda function would. */
const locks = getLockFactory('audits', { leaseSeconds: 60 });

/** Begins an audit. Whoever has the returned text ends it, in another process perhaps. */
export async function beginAudit(id: string): Promise<string> {
  const held = await locks.createLock(`account/${id}`).acquire();
  return held.serialize();
}

export async function endAudit(ticket: string): Promise<void> {
  const held = await locks.deserializeLock(ticket);
  await held.release();
}
