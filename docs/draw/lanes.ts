import { HOLDER_COLOURS } from '../../bin/timeline/style.js';
import type { Lane, Look, MarkKind, Span, Timeline } from '../../bin/timeline/timeline.js';
import { safetyMarginMs } from '../../runtime/protocol/lease.js';

/** What happened, in the order of time: what a timeline is drawn from. Lanes are named, and drawn as they are listed. */
export type TimelineEvent =
  | { readonly atMs: number; readonly lane: string; readonly is: LaneState }
  | { readonly atMs: number; readonly lane: string; readonly holds: false | { readonly leaseSeconds: number } }
  | { readonly atMs: number; readonly lane: string; readonly mark: MarkKind }
  | { readonly atMs: number; readonly entryOf: string | undefined; readonly leaseSeconds?: number }
  | { readonly atMs: number; readonly note: string };

/** What a process is doing. */
export type LaneState = 'starting' | 'running' | 'frozen' | 'suspended' | 'waiting' | 'gone';

/** What the drawing shows of the events. */
export interface View {
  /** The processes, from the top down. */
  readonly names: readonly string[];
  /** What the lane of the table's entry is called; `lock's entry` unless it has a name. */
  readonly entryName?: string;
  readonly endMs: number;
}

/** Puts the events together to lanes: the processes in the order given, then the table's entry. */
export function timelineOf(
  events: readonly TimelineEvent[],
  { names, entryName = "lock's entry", endMs }: View,
): Timeline {
  const ordered = [...events].sort((one, other) => one.atMs - other.atMs);
  const lanes = names.map((name, index) => laneOf(ordered, name, index, endMs));
  const entry: Lane = { name: entryName, doing: entrySpans(ordered, names, endMs), holding: [], marks: [] };
  const notes = ordered.flatMap((event) => ('note' in event ? [{ atMs: event.atMs, text: event.note }] : []));
  return { endMs, lanes: [...lanes, entry], notes };
}

function laneOf(events: readonly TimelineEvent[], name: string, index: number, endMs: number): Lane {
  const states = events.flatMap((event) => ('is' in event && event.lane === name ? [event] : []));
  const holds = events.flatMap((event) => ('holds' in event && event.lane === name ? [event] : []));
  const marks = events.flatMap((event) =>
    'mark' in event && event.lane === name ? [{ atMs: event.atMs, kind: event.mark }] : [],
  );
  return { name, doing: stateSpans(states, endMs), holding: holdSpans(holds, index, endMs), marks };
}

/** From each change to the next. */
function stateSpans(changes: readonly { readonly atMs: number; readonly is: LaneState }[], endMs: number): Span[] {
  return changes.flatMap(({ atMs, is }, at) => {
    const toMs = changes[at + 1]?.atMs ?? endMs;
    if (is === 'gone' || toMs <= atMs) return [];
    const span = { fromMs: atMs, toMs };
    return [is === 'suspended' ? { ...span, look: 'frozen', label: is } : { ...span, look: is }];
  });
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
    return [{ fromMs: atMs, toMs: Math.min(deadlineMs, changes[at + 1]?.atMs ?? endMs), look: colourOf(index) }];
  });
}

/** An entry protects its holder for a lease after it was written; then it only stands there. */
function entrySpans(events: readonly TimelineEvent[], names: readonly string[], endMs: number): Span[] {
  const spans: Span[] = [];
  const changes = events.flatMap((event) => ('entryOf' in event ? [event] : []));
  for (const [at, { atMs, entryOf, leaseSeconds = 0 }] of changes.entries()) {
    if (entryOf === undefined) continue;
    const toMs = changes[at + 1]?.atMs ?? endMs;
    const leaseEndMs = Math.min(toMs, atMs + leaseSeconds * 1000);
    const before = spans.at(-1);
    // A refresh does not begin anything.
    if (before?.label === entryOf && before.toMs === atMs) spans.splice(-1, 1, { ...before, toMs: leaseEndMs });
    else spans.push({ fromMs: atMs, toMs: leaseEndMs, look: colourOf(names.indexOf(entryOf)), label: entryOf });
    if (leaseEndMs < toMs) spans.push({ fromMs: leaseEndMs, toMs, look: 'over' });
  }
  return spans;
}

function colourOf(index: number): Look {
  return `holder-${index % HOLDER_COLOURS}`;
}
