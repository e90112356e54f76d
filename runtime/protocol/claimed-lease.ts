import { LeaseState } from './lease-state.js';
import type { Version } from './version.js';

/** The versions of one claim. The acquisition has others, which other runs of its execution wrote. */
export class ClaimedLease extends LeaseState {
  /** Whether this claim has sent that version. */
  hasSent(version: string): boolean {
    let draft = this.latest;
    while (draft && draft.version !== version) draft = draft.earlier;
    return draft !== undefined;
  }

  /** All versions from now on are greater than that one. It confirms nothing of this claim. */
  goOnFrom({ stampMs, timed }: Pick<Version, 'stampMs' | 'timed'>): void {
    this.timed &&= timed;
    if (stampMs <= (this.latest?.stampMs ?? -1)) return;
    const draft = { version: '', sentMs: -Infinity, expiresAtSeconds: Infinity };
    this.latest = { ...draft, stampMs, timed, earlier: this.latest };
    // So that the next stamp is not ahead of DynamoDB's clock, unless this one is.
    this.confirmedVersion ??= '';
  }
}
