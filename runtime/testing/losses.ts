import { randomUUID } from 'node:crypto';
import { LockOptionError } from '../errors.js';
import type { HeldLock } from '../options/held-lock.js';
import { checkedName, shown } from '../options/validate.js';
import { ENTRY } from '../protocol/wire.js';
import { type Item, numberIn } from '../store/item.js';
import type { MemoryStore } from '../store/memory-store.js';
import type { Faults } from './fault.js';
import type { FaultyStore } from './faulty-store.js';

/**
 * How a hold is to end before its time:
 * - `taken`: another process takes it over, and gives it back once its holder knows
 * - `gone`: somebody deletes its entry
 * - `deadline`: no refresh is confirmed any more, until the deadline
 */
export type LossReason = 'taken' | 'gone' | 'deadline';

/** Who it is that holds, where a test gives it no name. */
export const ANOTHER_PROCESS = 'another-process';

/** How often it is looked whether a heartbeat has told its holder. */
const LOOK_SECONDS = 0.05;
/** A heartbeat is due within half a lease. A holder that is silent for so much of one has none. */
const SILENT_PART_OF_LEASE = 0.75;

/** Ends holds of the code under test before their time. */
export class Losses {
  constructor(
    private readonly table: MemoryStore,
    private readonly store: FaultyStore,
    private readonly faults: Faults,
    private readonly pass: (seconds: number) => Promise<void>,
  ) {}

  async inflict(lock: HeldLock | string, reason: LossReason): Promise<void> {
    if (reason !== 'taken' && reason !== 'gone' && reason !== 'deadline') {
      throw new LockOptionError(`lose takes the reason taken, gone or deadline, got ${shown(reason)}`);
    }
    const held = typeof lock === 'string' ? undefined : lock;
    held?.assertHeld();
    const name = held ? held.name : checkedName(lock);
    if (!this.store.isHolder(name, this.versionOf(name))) {
      throw new LockOptionError(`lose takes a lock that the code under test holds; ${shown(name)} is none`);
    }
    if (reason === 'deadline') await this.outlast(name, held);
    else await this.replace(name, held, reason);
  }

  private async outlast(name: string, held: HeldLock | undefined): Promise<void> {
    const fault = this.faults.add({ kind: 'unreachable' }, { only: ['refresh'], lockKey: name });
    if (held) {
      // A millisecond more, so that rounding cannot leave it at the brink.
      while (held.isHeld) await this.pass(held.remainingSeconds + 0.001);
    } else {
      await this.pass(this.leaseSecondsOf(name));
    }
    fault.end();
  }

  private async replace(name: string, held: HeldLock | undefined, reason: 'taken' | 'gone'): Promise<void> {
    const { items } = this.table;
    const before = items.get(name);
    const taken = {
      ...before,
      [ENTRY.versionNumber]: { S: randomUUID() },
      [ENTRY.hostIdentifier]: { S: ANOTHER_PROCESS },
    };
    const after = reason === 'taken' ? taken : undefined;
    this.put(name, after);
    const [isKnown, isGivenBack] = [this.store.nextRefusedRefresh(name), this.store.nextRelease(name)];
    const spared = this.faults.spare(name);
    held?.refresh().catch(() => {});
    const leaseSeconds = numberIn(before?.[ENTRY.leaseDuration]) ?? 0;
    for (let seconds = 0; seconds < leaseSeconds && !isKnown() && !isGivenBack(); seconds += LOOK_SECONDS) {
      if (!held && this.store.silentSeconds(name) > leaseSeconds * SILENT_PART_OF_LEASE) break;
      await this.pass(held ? 0 : LOOK_SECONDS);
    }
    spared.end();
    const isOver = isKnown() || isGivenBack();
    if (items.get(name) === after) this.put(name, isOver ? undefined : before);
    if (isKnown()) return;
    if (isOver) throw new LockOptionError(`${shown(name)} was given back before its holder could lose it`);
    throw new LockOptionError(
      `nothing refreshes ${shown(name)} now, as between two uses of a sticky lock, so its holder would not learn of ` +
        'the loss, and holds it still; give lose the hold itself, or the reason deadline',
    );
  }

  private put(name: string, item: Item | undefined): void {
    if (item) this.table.items.set(name, item);
    else this.table.items.delete(name);
  }

  private versionOf(name: string): unknown {
    return this.table.items.get(name)?.[ENTRY.versionNumber];
  }

  private leaseSecondsOf(name: string): number {
    return numberIn(this.table.items.get(name)?.[ENTRY.leaseDuration]) ?? 0;
  }
}
