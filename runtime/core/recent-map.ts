import { Line } from './line.js';

/** More than one a call, so that what piled up while nothing might go is gone again some calls later. */
const STEPS_A_CALL = 2;

/**
 * A map with a limit: beyond it, the entries least recently asked for go, where they may. A call looks at two of
 * them and no more, however many there are that may not go; so as many again may stay that may.
 */
export class RecentMap<V> {
  private readonly entries = new Line<string, V>();

  constructor(
    private readonly limit: number,
    private readonly mayGo: (value: V) => boolean,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  /** Forgets it, and returns it. */
  take(key: string): V | undefined {
    const value = this.entries.get(key);
    this.entries.delete(key);
    return value;
  }

  getOrAdd(key: string, create: () => V): V {
    const value = this.entries.get(key) ?? create();
    this.entries.delete(key);
    this.entries.set(key, value);
    for (let steps = 0; steps < STEPS_A_CALL && this.entries.size > this.limit; steps += 1) {
      const [oldest, least] = this.entries.shift() as [string, V];
      // What may not go is in use, and so asked for just now.
      if (oldest === key || !this.mayGo(least)) this.entries.set(oldest, least);
    }
    return value;
  }
}
