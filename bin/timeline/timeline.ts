/** All that a drawing shows. */
export interface Timeline {
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  /** Numbered in the drawing, and listed below it. */
  readonly notes: readonly { readonly atMs: number; readonly text: string }[];
  /** The time of day of moment 0. If it is not given, the axis counts from 0. */
  readonly startedAt?: Date;
}

/** One process, or the entry of one lock. */
export interface Lane {
  readonly name: string;
  /** What the process does, or who holds the entry. */
  readonly doing: readonly Span[];
  /** When the process believes that it holds the lock. */
  readonly holding: readonly Span[];
  readonly marks: readonly Mark[];
}

/** A stretch of time, and what it shows. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly look: Look;
  /** The text in it, if there is room. Default: the meaning of its look. */
  readonly label?: string;
}

/** What a process does, or the state of an entry. `holder-2` has the colour of the third holder. */
export type Look = 'starting' | 'running' | 'waiting' | 'frozen' | 'over' | 'broken' | 'kept' | `holder-${number}`;

/** One moment of a lane. */
export interface Mark {
  readonly atMs: number;
  readonly kind: MarkKind;
}

/** `write`: it acquires or releases the lock. `refresh`: it refreshes the lock. */
export type MarkKind = 'write' | 'refresh' | 'takeover' | 'loss' | 'kill';
