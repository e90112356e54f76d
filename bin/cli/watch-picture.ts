import { renameSync, rmSync, writeFileSync } from 'node:fs';
import type { LockInspection } from '../../runtime/index.js';
import { HOLDER_COLOURS } from '../timeline/style.js';
import { drawTimeline } from '../timeline/svg.js';
import type { Lane, Look, Mark, Span } from '../timeline/timeline.js';
import { UsageError } from './command-line.js';
import { type State, stateOf } from './description.js';
import { printable } from './terminal.js';

/** The most that is remembered and drawn. Beyond that, the oldest is forgotten. */
const MOST_LOCKS = 40;
const MOST_SPANS = 300;
const MOST_MARKS = 1000;

/** How each state is drawn: a held lock in its holder's colour, a free lock not at all. */
const LOOKS: Readonly<Record<State, Look | 'holder' | undefined>> = {
  held: 'holder',
  'held?': 'holder',
  dead: 'over',
  broken: 'broken',
  released: 'kept',
  free: undefined,
};

/** A stretch of time in which one lock did not change. */
interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly look: Look | 'holder';
  readonly host: string;
  /** Distinguishes one hold from the next. */
  readonly hold: string;
  readonly version: string;
}

interface History {
  /** When a poll last showed the lock. */
  seenMs: number;
  readonly stretches: Stretch[];
  readonly marks: Mark[];
}

/** A picture of what `ls --watch` has seen so far: a lane for each lock, and who held it when. */
export class WatchPicture {
  private readonly locks = new Map<string, History>();
  private startMs: number | undefined;
  private lastMs = 0;

  constructor(
    private readonly path: string,
    private readonly tableName: string,
  ) {}

  /** Adds what one poll showed. */
  add(locks: readonly LockInspection[], atMs: number): void {
    this.startMs ??= atMs;
    const beforeMs = this.lastMs;
    this.lastMs = atMs;
    for (const [, history] of this.locks) {
      // The lock did not change until now; this poll may show a change.
      const open = history.stretches.at(-1);
      if (open && history.seenMs === beforeMs) history.stretches.splice(-1, 1, { ...open, toMs: atMs });
    }
    for (const lock of locks) this.addOne(lock, beforeMs, atMs);
    while (this.locks.size > MOST_LOCKS) this.forgetOne();
  }

  /** The picture as one document. The same polls always give the same one. */
  draw(): string {
    const startMs = this.startMs ?? 0;
    const hosts = [...this.locks.values()].flatMap(({ stretches }) =>
      stretches.flatMap(({ look, host, fromMs }) => (look === 'holder' ? [{ host, fromMs }] : [])),
    );
    const inOrder = hosts.sort((one, other) => one.fromMs - other.fromMs).map(({ host }) => host);
    const colours = new Map([...new Set(inOrder)].map((host, index) => [host, index % HOLDER_COLOURS]));
    const names = [...this.locks.keys()].sort((one, other) => (one < other ? -1 : 1));
    const lanes = names.map((name) => this.laneOf(name, startMs, colours));
    const [[day, from], [lastDay, to]] = [dayAndTime(startMs), dayAndTime(this.lastMs)];
    const until = day === lastDay ? to : `${lastDay} ${to}`;
    const endMs = Math.max(this.lastMs - startMs, 1000);
    return drawTimeline(
      { endMs, lanes, notes: [], startedAt: new Date(startMs) },
      {
        title: `Locks of ${this.tableName}, ${day} ${from} to ${until} UTC`,
        description: `Who held which lock, by polls of the table: ${names.map(printable).join(', ') || 'no lock was held'}.`,
      },
    );
  }

  /**
   * Replaces the file as a whole, so that nobody ever reads half of it.
   * @throws UsageError if it cannot be written
   */
  save(): void {
    const unfinished = `${this.path}.${process.pid}.tmp`;
    try {
      writeFileSync(unfinished, this.draw());
      renameSync(unfinished, this.path);
    } catch (error) {
      rmSync(unfinished, { force: true });
      throw new UsageError(`--svg cannot be written: ${(error as Error).message}`);
    }
  }

  private addOne(lock: LockInspection, beforeMs: number, atMs: number): void {
    const { name, version, hostIdentifier: host, holdId, lastSignOfLife } = lock;
    const history = this.locks.get(name) ?? { seenMs: atMs, stretches: [], marks: [] };
    const { stretches, marks } = history;
    const before = history.seenMs === beforeMs ? stretches.at(-1) : undefined;
    this.locks.set(name, history);
    history.seenMs = atMs;
    const look = LOOKS[stateOf(lock)];
    if (look === undefined) {
      // The lock is free: the next hold is a new one.
      history.seenMs = -Infinity;
      return;
    }
    const hold = holdId ?? host;
    if (before?.look === look && before.hold === hold) {
      stretches.splice(-1, 1, { ...before, version });
      // Its clock may be wrong, but it wrote between the last poll and this one.
      const wroteMs = Math.min(Math.max(lastSignOfLife?.getTime() ?? atMs, beforeMs), atMs);
      if (before.version !== version) marks.push({ atMs: wroteMs, kind: 'refresh' });
    } else {
      if (before?.look === 'over' && look === 'holder') marks.push({ atMs, kind: 'takeover' });
      stretches.push({ fromMs: atMs, toMs: atMs, look, host, hold, version });
    }
    if (stretches.length > MOST_SPANS) stretches.shift();
    if (marks.length > MOST_MARKS) marks.shift();
  }

  /** Forgets the lock that was not seen for the longest time, or else the one that did not change for the longest. */
  private forgetOne(): void {
    const since = ({ seenMs, stretches }: History): number =>
      seenMs === this.lastMs ? this.lastMs + (stretches.at(-1)?.fromMs ?? 0) : (stretches.at(-1)?.toMs ?? 0);
    const [oldest] = [...this.locks].sort(([, one], [, other]) => since(one) - since(other));
    if (oldest) this.locks.delete(oldest[0]);
  }

  private laneOf(name: string, startMs: number, colours: ReadonlyMap<string, number>): Lane {
    const { stretches = [], marks = [] } = this.locks.get(name) ?? {};
    const doing = stretches.map(({ fromMs, toMs, look, host }): Span => {
      const span = { fromMs: fromMs - startMs, toMs: toMs - startMs };
      if (look !== 'holder') return { ...span, look };
      return { ...span, look: `holder-${colours.get(host) ?? 0}`, label: printable(host) };
    });
    return {
      name: printable(name),
      doing,
      holding: [],
      marks: marks.map(({ atMs, kind }) => ({ atMs: atMs - startMs, kind })),
    };
  }
}

function dayAndTime(ms: number): [day: string, time: string] {
  const text = new Date(ms).toISOString();
  return [text.slice(0, 10), text.slice(11, 19)];
}
