import { drawTimeline } from '../../bin/timeline/svg.js';
import { type TimelineEvent, timelineOf } from '../../docs/draw/lanes.js';
import { laneEvents } from '../../docs/draw/watch.js';
import type { Logged } from './event-log.js';

/** The whole, a little after the last of it. */
const TAIL_MS = 600;

/** The event log as it was written. */
export function logOf(text: string): Logged[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Logged);
}

/** A run as a picture: who waited, held, refreshed, was killed, took over. It begins when all are free to begin. */
export function pictureOf(logged: readonly Logged[]): string {
  const ordered = [...logged].sort((one, other) => one.atMs - other.atMs);
  const startMs = ordered.find(({ what }) => what === 'go')?.atMs ?? 0;
  const moments = ordered.map((one) => ({ ...one, atMs: Math.max(0, one.atMs - startMs) }));
  const names = [...new Set(moments.flatMap(({ who, what }) => (what === 'started' ? [who] : [])))];
  const events = [...moments.flatMap(happening), ...entryChanges(moments), ...notes(moments)];
  const endMs = (moments.at(-1)?.atMs ?? 0) + TAIL_MS;
  return drawTimeline(timelineOf(events, { names, entryName: 'my lock', endMs }), {
    title: 'npm start: four workers and one lock',
    description:
      'A timeline of a run. Two workers want a lock at once; one holds and refreshes it while the other waits. ' +
      'A third is killed while it holds, and a fourth takes the lock over.',
  });
}

function happening({ atMs, who, what, leaseSeconds = 0, takenOverFrom }: Logged): TimelineEvent[] {
  switch (what) {
    case 'started':
      return [{ atMs, lane: who, is: 'starting' }];
    case 'killed':
      return [
        { atMs, lane: who, mark: 'kill' },
        { atMs, lane: who, holds: false },
        { atMs, lane: who, is: 'gone' },
      ];
    case 'released':
      return [...laneEvents(what, { atMs, lane: who, leaseSeconds }), { atMs, lane: who, is: 'gone' }];
    default:
      return laneEvents(what, { atMs, lane: who, leaseSeconds, takenOverFrom });
  }
}

/** Whose the entry is. Who released hears of it last: by then it may be another's. */
function entryChanges(moments: readonly Logged[]): TimelineEvent[] {
  let holder: string | undefined;
  return moments.flatMap(({ atMs, who, what, leaseSeconds = 0 }): TimelineEvent[] => {
    if (what === 'acquired' || what.startsWith('refreshed')) {
      holder = who;
      return [{ atMs, entryOf: who, leaseSeconds }];
    }
    if (what !== 'released' || holder !== who) return [];
    holder = undefined;
    return [{ atMs, entryOf: undefined }];
  });
}

const TOLD: readonly (readonly [what: string, text: string])[] = [
  ['go', 'two workers want the same lock at once: one gets it, the other waits'],
  ['refreshed', 'its work takes longer than its lease of 3 s: it refreshes the lock meanwhile'],
  ['released', 'it gives the lock back, and the other has it at once'],
  ['killed', 'a third worker is killed while it holds the lock: nobody gives it back'],
  ['taken-over', 'lease and clock tolerance (3 s) are over: a fourth takes the lock over at first sight'],
];

/** Each when it first happened. */
function notes(moments: readonly Logged[]): TimelineEvent[] {
  return TOLD.flatMap(([told, text]) => {
    const first = moments.find(({ what, takenOverFrom }) =>
      told === 'taken-over' ? takenOverFrom !== undefined : what === told,
    );
    return first ? [{ atMs: first.atMs, note: text }] : [];
  });
}
