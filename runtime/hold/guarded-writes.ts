import {
  type GuardedWrite,
  ItemsRefused,
  type LockConditionCheck,
  type LockGuard,
  type TransactionItem,
  type WriteAnswer,
} from '../core/store.js';
import { untilAnswered } from '../entry/retry.js';
import { LockLostError, LockOptionError } from '../errors.js';
import { shown } from '../options/validate.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import type { HeldState } from './held-state.js';

/** DynamoDB's limit for a transaction, one of which is the check. */
const MOST_ITEMS = 99;

/** The caller's own writes, which happen only while the lock is held (docs/protocol.md, section 2). */
export class GuardedWrites {
  private transactions = 0;

  constructor(private readonly state: HeldState) {}

  conditionCheck(): LockConditionCheck {
    const { state } = this;
    const { store } = state.ref;
    if (!state.isHeld) throw state.whyNotHeld();
    if (!store.conditionCheck) throw this.withoutTransactions();
    return store.conditionCheck(this.standing());
  }

  /** Sends the items until one attempt is answered: for as long as a try may take, and the hold lasts. */
  async transactWrite(items: readonly TransactionItem[], signal: AbortSignal | undefined): Promise<void> {
    const { state } = this;
    const { ref } = state;
    this.checkItems(items);
    const send = this.sender({ guard: this.standing(), items, token: this.drawToken() });
    let lastFailure: unknown;
    const bounds = {
      budgetMs: tryBudgetMs(state.lease.leaseSeconds),
      leftMs: () => state.leftMs(),
      signal,
      keepAlive: true,
      unanswered: (cause: unknown) => (state.isHeld ? ref.notConfirmed('transaction', cause) : this.lost(cause)),
    };
    const answer = await untilAnswered(ref.manager, bounds, async (budgetMs) => {
      if (!state.isHeld) throw this.lost(lastFailure);
      try {
        return await ref.exchange(budgetMs, send, signal);
      } catch (error) {
        if (state.loseToNoEntry(error)) throw state.whyNotHeld();
        lastFailure = error;
        throw error;
      }
    }).catch((error: unknown) => {
      throw error instanceof ItemsRefused ? error.error : error;
    });
    // However late the answer is: a transaction that was carried out was carried out while the entry stood.
    if (answer.written) return;
    if (state.stands) state.loseTo(answer.entry);
    throw state.whyNotHeld();
  }

  private standing(): LockGuard {
    const { ref, lease } = this.state;
    const { holdId, fencingToken } = lease;
    return { lockKey: ref.name, holdId, fencingToken };
  }

  /** One token for all attempts of a call: DynamoDB carries out only one of them. */
  private drawToken(): string {
    this.transactions += 1;
    const { ref, lease } = this.state;
    return ref.manager.drawHoldId(`${lease.holdId} ${this.transactions}`);
  }

  private sender(write: GuardedWrite): (signal: AbortSignal) => Promise<WriteAnswer> {
    const { store } = this.state.ref;
    if (!store.transactWrite) throw this.withoutTransactions();
    return store.transactWrite.bind(store, write);
  }

  private lost(lastFailure: unknown): LockLostError {
    const loss = this.state.whyNotHeld();
    if (lastFailure === undefined) return loss;
    const { message, reason } = loss;
    return new LockLostError(`${message}; whether the transaction was carried out is not known`, {
      ...this.state.ref.errorDetails(lastFailure),
      reason,
    });
  }

  private checkItems(items: readonly TransactionItem[]): void {
    const what = 'transactWrite takes an array of 1 to 99 elements of TransactWriteItems';
    if (!Array.isArray(items)) throw new LockOptionError(`${what}, got ${shown(items)}`);
    if (items.length >= 1 && items.length <= MOST_ITEMS) return;
    throw new LockOptionError(
      `${what}, got ${items.length}; DynamoDB allows 100 in one transaction, one of which is the lock's check`,
    );
  }

  private withoutTransactions(): LockOptionError {
    const { ref } = this.state;
    return new LockOptionError(`${ref.label} is not kept in DynamoDB, and has no transactions`, ref.errorDetails());
  }
}
