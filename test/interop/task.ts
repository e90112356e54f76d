/**
 * What the tests ask of a worker, in the same words whether it is worker.ts or worker.py: a line of JSON each
 * way, the answer with the question's `id`.
 */
export type Question =
  | ({ readonly ask: 'acquire' } & Acquisition)
  | { readonly ask: 'release' | 'whyNotHeld' | 'serialize'; readonly lock: string }
  | ({ readonly ask: 'deserialize' } & HandedOver)
  | ({ readonly ask: 'count' } & Counting)
  | { readonly ask: 'stopCounting' };

export interface Acquisition {
  readonly lock: string;
  readonly leaseSeconds: number;
  readonly waitSeconds: number;
}

export interface HandedOver {
  readonly lock: string;
  readonly text: string;
  readonly leaseSeconds: number;
}

/** Reads a counter, sleeps a little, and writes it back with one more, again and again. */
export interface Counting {
  /** Whose lock to hold meanwhile; null counts without any, as a control. */
  readonly lock: string | null;
  readonly leaseSeconds: number;
  readonly counterTable: string;
  readonly counter: string;
  /** How often at most. */
  readonly sections: number;
  /** Between a read and the write that follows. */
  readonly workMs: number;
  /** From one section to the next, times a random 0.5 to 1.5. */
  readonly pauseMs: number;
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };
