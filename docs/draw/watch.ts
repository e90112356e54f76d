import type { LockEvent, LockObserver } from '../../runtime/lock/events.js';
import type { MemoryStore } from '../../runtime/store/memory-store.js';
import type { TimelineEvent } from './timeline.js';

type Tell = (event: TimelineEvent) => void;

/** Tells what a process does to its locks, on its lane. */
export function watchLocks(lane: string, nowMs: () => number, tell: Tell): LockObserver {
  const tells = (atMs: number, leaseSeconds: number): Readonly<Partial<Record<LockEvent['type'], () => void>>> => {
    const wrote = (): void => tell({ atMs, lane, mark: 'write' });
    const holds = (): void => {
      wrote();
      tell({ atMs, lane, holds: { leaseSeconds } });
    };
    return {
      asked: () => tell({ atMs, lane, is: 'waiting' }),
      acquired: () => {
        holds();
        tell({ atMs, lane, is: 'running' });
      },
      refreshed: holds,
      'refreshed-late': holds,
      released: () => {
        wrote();
        tell({ atMs, lane, holds: false });
      },
      lost: () => {
        tell({ atMs, lane, mark: 'loss' });
        tell({ atMs, lane, holds: false });
      },
    };
  };
  return { onLockEvent: ({ type, asking }) => tells(nowMs(), asking.leaseSeconds)[type]?.() };
}

/** Tells whenever the entry of a table with one lock changes. Its holders' host identifiers are their lanes. */
export function watchEntry({ items }: MemoryStore, nowMs: () => number, tell: Tell): void {
  const set = items.set.bind(items);
  const remove = items.delete.bind(items);
  items.set = (name, item) => {
    const { hostIdentifier, leaseDuration } = item as { hostIdentifier: { S: string }; leaseDuration: { N: string } };
    tell({ atMs: nowMs(), entryOf: hostIdentifier.S, leaseSeconds: Number(leaseDuration.N) });
    return set(name, item);
  };
  items.delete = (name) => {
    tell({ atMs: nowMs(), entryOf: undefined });
    return remove(name);
  };
}
