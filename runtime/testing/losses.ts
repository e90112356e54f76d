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
 * How a hold ends early:
 * - `taken`: another process takes the lock over, and releases it once the holder knows
 * - `gone`: somebody deletes the entry
 * - `deadline`: no refresh is confirmed any more, until the deadline
 */
export type LossReason = 'taken' | 'gone' | 'deadline';

/** The default `hostIdentifier` of another holder. */
export const ANOTHER_PROCESS = 'another-process';

/** Seconds between two checks of whether a heartbeat has learned of the loss. */
const CHECK_SECONDS = 0.05;
/** A heartbeat comes within half a lease. A holder that is silent for this part of a lease has no heartbeat. */
const SILENT_PART_OF_LEASE = 0.75;

/** Ends holds of the code under test early. */
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
    if (!this.store.isHolder(name, this.table.items.get(name)?.[ENTRY.versionNumber])) {
      throw new LockOptionError(`lose takes a lock that the code under test holds; ${shown(name)} is none`);
    }
    if (reason === 'deadline') await this.outlast(name, held);
    else await this.replace(name, held, reason);
  }

  private async outlast(name: string, held: HeldLock | undefined): Promise<void> {
    const fault = this.faults.add({ kind: 'unreachable' }, { only: ['refresh'], lockKey: name });
    if (held) {
      // One millisecond more, in case of rounding.
      while (held.isHeld) await this.pass(held.remainingSeconds + 0.001);
    } else {
      await this.pass(leaseSecondsOf(this.table.items.get(name)));
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
    const [isKnown, isReleased] = [this.store.nextRefusedRefresh(name), this.store.nextRelease(name)];
    const spared = this.faults.spare(name);
    held?.refresh().catch(() => {});
    const leaseSeconds = leaseSecondsOf(before);
    for (let seconds = 0; seconds < leaseSeconds && !isKnown() && !isReleased(); seconds += CHECK_SECONDS) {
      if (!held && this.store.silentSeconds(name) > leaseSeconds * SILENT_PART_OF_LEASE) break;
      await this.pass(held ? 0 : CHECK_SECONDS);
    }
    spared.end();
    const isOver = isKnown() || isReleased();
    if (items.get(name) === after) this.put(name, isOver ? undefined : before);
    if (isKnown()) return;
    if (isOver) throw new LockOptionError(`${shown(name)} was released before its holder could lose it`);
    throw new LockOptionError(
      `nothing refreshes ${shown(name)} now, as between two uses of a sticky lock, so its holder would not learn of ` +
        'the loss, and holds it still; give lose the hold itself, or the reason deadline',
    );
  }

  private put(name: string, item: Item | undefined): void {
    if (item) this.table.items.set(name, item);
    else this.table.items.delete(name);
  }
}

function leaseSecondsOf(item: Item | undefined): number {
  return numberIn(item?.[ENTRY.leaseDuration]) ?? 0;
}
