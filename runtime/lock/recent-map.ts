/** A map with a limit: beyond it, the entries least recently asked for go, where they may. */
export class RecentMap<V> {
  private readonly entries = new Map<string, V>();

  constructor(
    private readonly limit: number,
    private readonly mayGo: (value: V) => boolean,
  ) {}

  get(key: string): V | undefined {
    return this.entries.get(key);
  }

  getOrAdd(key: string, create: () => V): V {
    const value = this.entries.get(key) ?? create();
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size > this.limit) this.evict(key);
    return value;
  }

  private evict(kept: string): void {
    for (const [key, value] of this.entries) {
      if (this.entries.size <= this.limit) return;
      if (key !== kept && this.mayGo(value)) this.entries.delete(key);
    }
  }
}
