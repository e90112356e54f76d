/** All that a drawing shows. */
export interface Timeline {
  readonly endMs: number;
  readonly lanes: readonly Lane[];
  /** Numbered in the drawing, and listed below it. */
  readonly notes: readonly { readonly atMs: number; readonly text: string }[];
  /** Where the time of day matters: that of moment 0. Else the axis counts from 0. */
  readonly startedAt?: Date;
}

/** One process, or the entry of one lock. */
export interface Lane {
  readonly name: string;
  /** What it does; of an entry, whose it is. */
  readonly doing: readonly Span[];
  /** When it believes to hold the lock. */
  readonly holding: readonly Span[];
  readonly marks: readonly Mark[];
}

/** A stretch of time, and what it shows. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly look: Look;
  /** Written into it, where there is room; else what its look says. */
  readonly label?: string;
}

/** What a process does, or how an entry stands. `holder-2`: in the colour of the third holder. */
export type Look = 'starting' | 'running' | 'waiting' | 'frozen' | 'over' | 'broken' | 'kept' | `holder-${number}`;

/** One moment of a lane. */
export interface Mark {
  readonly atMs: number;
  readonly kind: MarkKind;
}

/** `write`: it takes the lock, or gives it back. `refresh`: it was heard of. */
export type MarkKind = 'write' | 'refresh' | 'takeover' | 'loss' | 'kill';
