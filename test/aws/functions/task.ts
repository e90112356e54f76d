import type { Counts } from './counts.js';

/** What an invocation is to do. */
export interface Task {
  /** The lock that it takes; none in the control, which shows what happens without. */
  readonly lock?: string;
  /** The item of the data table that it counts up, and how often. */
  readonly counter?: string;
  readonly times?: number;
  /** It holds for so long. */
  readonly staySeconds?: number;
  /** By the light entry: until Lambda kills it; or, for its next invocation, beyond its end. */
  readonly stay?: 'until time-out' | 'between invocations';
  /** Of the contender: so many answers' `Date` headers. */
  readonly dates?: number;
}

/** How an invocation went. One that fails throws. */
export interface Report {
  /** One for each sandbox. */
  readonly sandbox: string;
  readonly requests: Counts;
  readonly dates?: readonly FrontEnd[];
}

/** What the `Date` headers of one address say of its clock, compared with the sandbox's own: between these two. */
export interface FrontEnd {
  readonly address: string;
  readonly answers: number;
  readonly aheadAtLeastMs: number;
  readonly aheadAtMostMs: number;
}
