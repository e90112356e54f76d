/** A set with a limit: it remembers at least half as many of the keys added last, and never more than the limit. */
export class RecentSet {
  private recent = new Set<string>();
  private former = new Set<string>();

  constructor(private readonly limit: number) {}

  has(key: string): boolean {
    return this.recent.has(key) || this.former.has(key);
  }

  add(key: string): void {
    if (this.recent.size >= this.limit / 2) {
      // To forget a whole generation costs nothing; to forget the oldest key one by one would cost at each call.
      this.former = this.recent;
      this.recent = new Set();
    }
    this.recent.add(key);
  }
}
