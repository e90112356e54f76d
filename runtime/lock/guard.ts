import { LockLostError, LockOptionError, LynkError } from '../errors.js';
import type { Ledger } from '../protocol/ledger.js';
import { refreshBudgetMs, refreshRetryDelayMs, tryBudgetMs } from '../protocol/schedule.js';
import { shown } from './checks.js';
import { loseTo, type Refreshed } from './refreshing.js';
import {
  type GuardedWrite,
  ItemsRefused,
  type LockConditionCheck,
  type LockGuard,
  type TransactionItem,
  type WriteAnswer,
} from './store.js';
import type { LockTarget } from './target.js';

/** DynamoDB's limit for a transaction, one of which is the check. */
const MOST_ITEMS = 99;

/** Writes of the caller's own that happen only while the lock is held (docs/protocol.md, section 2). */
export class Guard {
  private transactions = 0;

  constructor(
    private readonly target: LockTarget,
    private readonly ledger: Ledger,
    private readonly hold: Refreshed,
  ) {}

  conditionCheck(): LockConditionCheck {
    const { store } = this.target;
    if (!store.conditionCheck) throw this.withoutTransactions();
    if (!this.hold.isHeld) throw this.hold.whyNotHeld();
    return store.conditionCheck(this.standing());
  }

  /** Sends the items until one attempt is answered, within the hold and for as long as a try may take. */
  async transactWrite(items: readonly TransactionItem[], signal: AbortSignal | undefined): Promise<void> {
    const { target, hold } = this;
    const { process } = target;
    this.checkItems(items);
    const send = this.sender({ guard: this.standing(), items, token: this.drawToken() });
    const limitMs = process.elapsedMs() + tryBudgetMs(this.ledger.leaseSeconds);
    let lastFailure: unknown;
    for (let failures = 0; ; failures += 1) {
      signal?.throwIfAborted();
      if (!hold.isHeld) throw this.lost(lastFailure);
      let answer: WriteAnswer | undefined;
      try {
        answer = await target.exchange(refreshBudgetMs(hold.leftMs()), send, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof ItemsRefused) throw error.error;
        if (error instanceof LynkError) throw error;
        lastFailure = error;
        if (hold.isHeld && process.elapsedMs() >= limitMs) throw target.notConfirmed('transaction', error);
      }
      // Whenever it comes: what was committed was committed while the entry stood.
      if (answer?.written) return;
      if (answer) throw this.lossBy(answer);
      await process.pause(refreshRetryDelayMs(failures, hold.leftMs(), process.random.fraction()), signal);
    }
  }

  private standing(): LockGuard {
    const { holdId, fencingToken } = this.ledger;
    return { lockKey: this.target.name, holdId, fencingToken };
  }

  /** The same for all attempts of one call: whichever of them lands, it is carried out once. */
  private drawToken(): string {
    this.transactions += 1;
    return this.target.process.drawHoldId(`${this.ledger.holdId} ${this.transactions}`);
  }

  private sender(write: GuardedWrite): (signal: AbortSignal) => Promise<WriteAnswer> {
    const { store } = this.target;
    if (!store.transactWrite) throw this.withoutTransactions();
    return store.transactWrite.bind(store, write);
  }

  private lossBy({ entry }: WriteAnswer): LockLostError {
    const { hold } = this;
    if (hold.isHeld) loseTo(hold, entry);
    return hold.whyNotHeld();
  }

  private lost(lastFailure: unknown): LockLostError {
    const loss = this.hold.whyNotHeld();
    if (lastFailure === undefined) return loss;
    const { message, reason } = loss;
    return new LockLostError(`${message}; whether the transaction was carried out is not known`, {
      ...this.target.errorDetails(lastFailure),
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
      `${this.target.label} is not kept in DynamoDB, and has no transactions`,
      this.target.errorDetails(),
    );
  }
}
