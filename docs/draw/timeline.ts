import { safetyMarginMs } from '../../runtime/protocol/lease.js';

/** What happened, in the order of time: what a timeline is drawn from. Lanes are named, and drawn as they are listed. */
export type TimelineEvent =
  | { readonly atMs: number; readonly lane: string; readonly is: LaneState }
  | { readonly atMs: number; readonly lane: string; readonly holds: false | { readonly leaseSeconds: number } }
  | { readonly atMs: number; readonly lane: string; readonly mark: MarkKind }
  | { readonly atMs: number; readonly entryOf: string | undefined; readonly leaseSeconds?: number }
  | { readonly atMs: number; readonly note: string };

/** What a process is doing. */
export type LaneState = 'starting' | 'running' | 'frozen' | 'waiting' | 'gone';

/** A request of it that counted, or a lock that it found to be lost. */
type MarkKind = 'write' | 'loss';

/** A stretch of time, and what it shows. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  /** A name of the style sheet. */
  readonly look: string;
}

/** One process, or the entry in the table. */
export interface Lane {
  readonly name: string;
  readonly doing: readonly Span[];
  readonly holding: readonly Span[];
  readonly marks: readonly { readonly atMs: number; readonly kind: MarkKind }[];
}

/** All that a drawing shows. */
export interface Timeline {
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  readonly notes: readonly { readonly atMs: number; readonly text: string }[];
}

/** Puts the events together to lanes: the processes in the order given, then the table's entry. */
export function timelineOf(events: readonly TimelineEvent[], names: readonly string[], endMs: number): Timeline {
  const ordered = [...events].sort((one, other) => one.atMs - other.atMs);
  const lanes = names.map((name, index) => laneOf(ordered, name, index, endMs));
  const entry: Lane = { name: "lock's entry", doing: entrySpans(ordered, names, endMs), holding: [], marks: [] };
  const notes = ordered.flatMap((event) => ('note' in event ? [{ atMs: event.atMs, text: event.note }] : []));
  return { endMs, lanes: [...lanes, entry], notes };
}

function laneOf(events: readonly TimelineEvent[], name: string, index: number, endMs: number): Lane {
  const states = events.flatMap((event) =>
    'is' in event && event.lane === name ? [{ ...event, look: event.is as string }] : [],
  );
  const holds = events.flatMap((event) => ('holds' in event && event.lane === name ? [event] : []));
  const marks = events.flatMap((event) =>
    'mark' in event && event.lane === name ? [{ atMs: event.atMs, kind: event.mark }] : [],
  );
  return { name, doing: spans(states, endMs), holding: holdSpans(holds, index, endMs), marks };
}

/** From each change to the next. */
function spans(changes: readonly { readonly atMs: number; readonly look: string }[], endMs: number): Span[] {
  return changes
    .map(({ atMs, look }, at) => ({ fromMs: atMs, toMs: changes[at + 1]?.atMs ?? endMs, look }))
    .filter(({ look, fromMs, toMs }) => look !== 'gone' && toMs > fromMs);
}

/** A holder believes for a lease less its safety margin, from each write on; a round trip is too short to be seen. */
function holdSpans(
  changes: readonly { readonly atMs: number; readonly holds: false | { readonly leaseSeconds: number } }[],
  index: number,
  endMs: number,
): Span[] {
  return changes.flatMap(({ atMs, holds }, at) => {
    if (!holds) return [];
    const deadlineMs = atMs + holds.leaseSeconds * 1000 - safetyMarginMs(holds.leaseSeconds);
    return [{ fromMs: atMs, toMs: Math.min(deadlineMs, changes[at + 1]?.atMs ?? endMs), look: `process-${index}` }];
  });
}

/** An entry protects its holder for a lease after it was written; then it only stands there. */
function entrySpans(events: readonly TimelineEvent[], names: readonly string[], endMs: number): Span[] {
  const changes = events.flatMap((event) => ('entryOf' in event ? [event] : []));
  return changes.flatMap(({ atMs, entryOf, leaseSeconds = 0 }, at) => {
    if (entryOf === undefined) return [];
    const toMs = changes[at + 1]?.atMs ?? endMs;
    const leaseEndMs = Math.min(toMs, atMs + leaseSeconds * 1000);
    const look = `process-${names.indexOf(entryOf)}`;
    const protects: Span = { fromMs: atMs, toMs: leaseEndMs, look };
    return leaseEndMs < toMs ? [protects, { fromMs: leaseEndMs, toMs, look: 'expired' }] : [protects];
  });
}
