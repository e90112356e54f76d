/** A map whose entries can be taken in the order in which they came, without a search. */
export class Line<K, V> extends Map<K, V> {
  /** Goes on where it was: a new one would step over all that was deleted. */
  private order = this.entries();

  /** Takes out the entry that has been there for the longest time. */
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
