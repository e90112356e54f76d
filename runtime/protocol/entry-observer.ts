import type { Consistency, LockEntry } from './entry.js';
import { type ObservedVersion, observe, observedExpiryMs } from './takeover.js';

/** So many versions are remembered that stood before the current one. */
const OUTDATED_REMEMBERED = 4;
const NONE: readonly string[] = [];

/**
 * What one process has seen of a lock's entry (docs/protocol.md, section 3): the current version and since when it
 * stands, as well as eventually consistent answers can tell.
 */
export class EntryObserver {
  /** The greatest fencing token that was seen or given. The next one is greater, whatever the clock says. */
  fencingToken: bigint | undefined;
  private current: ObservedVersion | undefined;
  /** Versions that stood before the current one, the latest last. */
  private outdated = NONE;
  /**
   * Whether a consistent answer has shown the current version since it replaced the one before. It is in doubt after
   * an eventually consistent answer has shown an outdated version.
   */
  private certainty: 'sure' | 'unsure' | 'in-doubt' = 'unsure';

  /**
   * Remembers the entry that an answer showed. An eventually consistent answer that shows an outdated version counts
   * for nothing.
   * @returns the monotonic time at which the current version expires by observation
   */
  observe(entry: LockEntry, arrivedMs: number, consistency: Consistency = 'eventual'): number {
    this.noteToken(entry.fencingToken);
    const former = this.current;
    if (former && consistency === 'eventual' && this.outdated.includes(entry.version)) {
      if (this.certainty === 'unsure') this.certainty = 'in-doubt';
      return observedExpiryMs(former);
    }
    this.current = observe(former, entry, arrivedMs);
    if (former && former.version !== entry.version) {
      const others = this.outdated.filter((version) => version !== entry.version);
      this.outdated = [...others, former.version].slice(-OUTDATED_REMEMBERED);
      this.certainty = 'unsure';
    }
    if (consistency === 'strong') this.certainty = 'sure';
    return observedExpiryMs(this.current);
  }

  /** How to read next: a consistent read settles which of two versions stands. */
  get nextConsistency(): Consistency {
    return this.certainty === 'in-doubt' ? 'strong' : 'eventual';
  }

  /** Whether the entry, from an answer that was just observed, is known not to stand any more. */
  isOutdated({ version }: LockEntry): boolean {
    return this.current !== undefined && this.current.version !== version;
  }

  /** Monotonic time at which the current version expires by observation; `-Infinity` if none is known. */
  expiryMs(): number {
    return this.current ? observedExpiryMs(this.current) : -Infinity;
  }

  /** The current version, if it has stood for its whole lease by now. */
  expiredVersion(nowMs: number): string | undefined {
    if (!this.current || this.current.leaseSeconds === 0) return undefined;
    return nowMs >= observedExpiryMs(this.current) ? this.current.version : undefined;
  }

  noteToken(token: bigint | undefined): void {
    if (token !== undefined && token > (this.fencingToken ?? token - 1n)) this.fencingToken = token;
  }

  /** This process holds the lock now: what it saw of others before tells nothing any more. */
  forget(): void {
    this.current = undefined;
    this.outdated = NONE;
    this.certainty = 'unsure';
  }
}
