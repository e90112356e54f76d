/** What a late write gets to hear. */
export class StaleWriteError extends Error {
  override readonly name = 'StaleWriteError';
}

interface Kept {
  readonly value: string;
  readonly token: bigint;
}

/**
 * A store that refuses older tokens, in memory. In SQL it is one condition:
 *
 *     UPDATE reports SET value = $1, token = $2 WHERE id = $3 AND token <= $2
 */
export class GuardedStore {
  private readonly kept = new Map<string, Kept>();

  read(id: string): string | undefined {
    return this.kept.get(id)?.value;
  }

  /** Writes, unless a later holder has written before; several writes of one holder are fine. */
  write(id: string, value: string, token: bigint): void {
    const before = this.kept.get(id);
    if (before && before.token > token) {
      throw new StaleWriteError(`${id}: token ${token} is older than ${before.token}`);
    }
    this.kept.set(id, { value, token });
  }
}
