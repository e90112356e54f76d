import type { LockObserver } from '../../runtime/observe/events.js';
import type { MemoryStore } from '../../runtime/store/memory-store.js';
import type { TimelineEvent } from './lanes.js';

type Tell = (event: TimelineEvent) => void;

/** What an event of a lock shows on the lane of who asked for it. */
export function laneEvents(type: string, { atMs, lane, leaseSeconds, takenOverFrom }: Moment): TimelineEvent[] {
  const write: TimelineEvent = { atMs, lane, mark: 'write' };
  const holds: TimelineEvent = { atMs, lane, holds: { leaseSeconds } };
  const holdsNoMore: TimelineEvent = { atMs, lane, holds: false };
  switch (type) {
    case 'requested':
      return [{ atMs, lane, is: 'waiting' }];
    case 'acquired':
      return [
        { atMs, lane, mark: takenOverFrom === undefined ? 'write' : 'takeover' },
        holds,
        { atMs, lane, is: 'running' },
      ];
    case 'refreshed':
    case 'refreshed-late':
      return [{ atMs, lane, mark: 'refresh' }, holds];
    case 'released':
      return [write, holdsNoMore];
    case 'lost':
      return [{ atMs, lane, mark: 'loss' }, holdsNoMore];
    default:
      return [];
  }
}

interface Moment {
  readonly atMs: number;
  readonly lane: string;
  readonly leaseSeconds: number;
  /** Of an `acquired`, where that was a takeover. */
  readonly takenOverFrom?: string | undefined;
}

/** Tells what a process does to its locks, on its lane. */
export function watchLocks(lane: string, nowMs: () => number, tell: Tell): LockObserver {
  return {
    onLockEvent: (event) => {
      const { leaseSeconds } = event.attempt;
      const takenOverFrom = event.type === 'acquired' ? event.takenOverFrom : undefined;
      for (const one of laneEvents(event.type, { atMs: nowMs(), lane, leaseSeconds, takenOverFrom })) tell(one);
    },
  };
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
