/** A map from which entries can be taken in the order in which they were added, without a search. */
export class FifoMap<K, V> extends Map<K, V> {
  /** Kept between calls: a new iterator would step over every deleted entry. */
  private order = this.entries();

  /** Takes out the oldest entry. */
  shift(): readonly [K, V] | undefined {
    if (this.size === 0) return undefined;
    let next = this.order.next();
    if (next.done) {
      this.order = this.entries();
      next = this.order.next();
    }
    const [key] = next.value as [K, V];
    this.delete(key);
    return next.value;
  }
}

/** More than one a call, so that what piled up while nothing could be evicted goes again within some calls. */
const EVICTIONS_A_CALL = 2;

/**
 * A map with a limit: beyond it, the least recently used entries are evicted, if they may be. A call tries two of
 * them and no more, however many may not be evicted; so up to as many again may stay.
 */
export class BoundedMap<V> {
  private readonly entries = new FifoMap<string, V>();

  constructor(
    private readonly limit: number,
    private readonly mayEvict: (value: V) => boolean,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  /** Removes the entry and returns its value. */
  take(key: string): V | undefined {
    const value = this.entries.get(key);
    this.entries.delete(key);
    return value;
  }

  getOrAdd(key: string, create: () => V): V {
    const value = this.entries.get(key) ?? create();
    this.entries.delete(key);
    this.entries.set(key, value);
    for (let tries = 0; tries < EVICTIONS_A_CALL && this.entries.size > this.limit; tries += 1) {
      const [oldest, least] = this.entries.shift() as [string, V];
      // One that may not be evicted is in use, which counts as used just now.
      if (oldest === key || !this.mayEvict(least)) this.entries.set(oldest, least);
    }
    return value;
  }
}

/** A set with a limit: it remembers at least half as many of the latest keys, and never more than the limit. */
export class BoundedSet {
  private recent = new Set<string>();
  private former = new Set<string>();

  constructor(private readonly limit: number) {}

  has(key: string): boolean {
    return this.recent.has(key) || this.former.has(key);
  }

  add(key: string): void {
    if (this.recent.size >= this.limit / 2) {
      // Dropping a whole generation costs nothing; dropping the oldest key would cost something at each call.
      this.former = this.recent;
      this.recent = new Set();
    }
    this.recent.add(key);
  }
}
