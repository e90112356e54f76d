import {
  type GuardedWrite,
  ItemsRefused,
  type LockConditionCheck,
  type LockGuard,
  type TransactionItem,
  type WriteAnswer,
} from '../core/store.js';
import type { LockRef } from '../entry/lock-ref.js';
import { untilAnswered } from '../entry/retry.js';
import { LockLostError, LockOptionError } from '../errors.js';
import { shown } from '../options/validate.js';
import type { LeaseState } from '../protocol/lease-state.js';
import { tryBudgetMs } from '../protocol/schedule.js';
import { loseTo, loseToNoEntry, type Refreshed } from './lease-renewer.js';

/** DynamoDB's limit for a transaction, one of which is the check. */
const MOST_ITEMS = 99;

/** Who believes in the hold: the hold itself, or a use of it, which may be over before. */
export type Believer = Pick<Refreshed, 'isHeld' | 'leftMs' | 'lose' | 'whyNotHeld'>;

/** Writes of the caller's own that happen only while the lock is held (docs/protocol.md, section 2). */
export class Guard {
  private transactions = 0;

  constructor(
    private readonly ref: LockRef,
    private readonly lease: LeaseState,
    private readonly hold: Believer,
  ) {}

  conditionCheck(): LockConditionCheck {
    const { store } = this.ref;
    if (!store.conditionCheck) throw this.withoutTransactions();
    if (!this.hold.isHeld) throw this.hold.whyNotHeld();
    return store.conditionCheck(this.standing());
  }

  /** Sends the items until one attempt is answered, within the hold and for as long as a try may take. */
  async transactWrite(items: readonly TransactionItem[], signal: AbortSignal | undefined): Promise<void> {
    const { ref, hold } = this;
    this.checkItems(items);
    const send = this.sender({ guard: this.standing(), items, token: this.drawToken() });
    let lastFailure: unknown;
    const bounds = {
      budgetMs: tryBudgetMs(this.lease.leaseSeconds),
      leftMs: () => hold.leftMs(),
      signal,
      keepAlive: true,
      unanswered: (cause: unknown) => (hold.isHeld ? ref.notConfirmed('transaction', cause) : this.lost(cause)),
    };
    const answer = await untilAnswered(ref.manager, bounds, async (budgetMs) => {
      if (!hold.isHeld) throw this.lost(lastFailure);
      try {
        return await ref.exchange(budgetMs, send, signal);
      } catch (error) {
        if (loseToNoEntry(hold, error)) throw hold.whyNotHeld();
        lastFailure = error;
        throw error;
      }
    }).catch((error: unknown) => {
      throw error instanceof ItemsRefused ? error.error : error;
    });
    // Whenever it comes: what was committed was committed while the entry stood.
    if (!answer.written) throw this.lossBy(answer);
  }

  private standing(): LockGuard {
    const { holdId, fencingToken } = this.lease;
    return { lockKey: this.ref.name, holdId, fencingToken };
  }

  /** The same for all attempts of one call: whichever of them lands, it is carried out once. */
  private drawToken(): string {
    this.transactions += 1;
    return this.ref.manager.drawHoldId(`${this.lease.holdId} ${this.transactions}`);
  }

  private sender(write: GuardedWrite): (signal: AbortSignal) => Promise<WriteAnswer> {
    const { store } = this.ref;
    if (!store.transactWrite) throw this.withoutTransactions();
    return store.transactWrite.bind(store, write);
  }

  private lossBy({ entry }: WriteAnswer): LockLostError {
    const { hold } = this;
    if (hold.isHeld) loseTo(hold, this.lease, entry);
    return hold.whyNotHeld();
  }

  private lost(lastFailure: unknown): LockLostError {
    const loss = this.hold.whyNotHeld();
    if (lastFailure === undefined) return loss;
    const { message, reason } = loss;
    return new LockLostError(`${message}; whether the transaction was carried out is not known`, {
      ...this.ref.errorDetails(lastFailure),
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
    return new LockOptionError(
      `${this.ref.label} is not kept in DynamoDB, and has no transactions`,
      this.ref.errorDetails(),
    );
  }
}
