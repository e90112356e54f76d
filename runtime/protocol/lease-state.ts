import { offeredDeadlineMs } from './lease.js';
import { formatVersion, STAMP_LIMIT_MS } from './version.js';

interface Draft {
  readonly version: string;
  /** When its write lets TTL delete the entry, in epoch seconds; `Infinity` where it does not. */
  expiresAtSeconds: number;
  /** The one drawn before, until an answer has spoken of this one. */
  earlier: Draft | undefined;
  readonly sentMs: number;
  readonly stampMs: number;
  readonly timed: boolean;
}

/**
 * The versions that one hold has sent, and what the answers made of them (docs/protocol.md, sections
 * 2 and 4). A version is known by its text alone: an answer may speak of any that we ever sent.
 */
export class LeaseState {
  /** Elapsed time until which the hold is ours; `-Infinity` before anything was confirmed. */
  deadlineMs = -Infinity;
  /** Elapsed time at which the latest confirmed version was first sent. */
  confirmedSentMs = -Infinity;
  /** That version. */
  confirmedVersion: string | undefined;
  /** The fencing token of the hold, once an answer told it; undefined without fencing. */
  fencingToken: bigint | undefined;
  /** What the latest confirmed version's write said of when TTL may delete the entry, in epoch seconds. */
  expiresAtSeconds = Infinity;
  /** The greatest that was asked for: no entry of the hold has a greater one. */
  private askedToken: bigint | undefined;
  /** What the hold was before it was renewed, for as long as its entry may stand. */
  former: LeaseState | undefined;
  /** The one drawn last; from there back those that no answer has spoken of yet, and the latest that one did. */
  private latest: Draft | undefined;
  private timed = true;

  constructor(
    public holdId: string,
    readonly leaseSeconds: number,
    /** Whether the hold has a fencing token. */
    readonly fencing = false,
  ) {}

  /**
   * A new version, greater than every earlier one of this hold.
   * @param sentMs elapsed time, read just before the request's first attempt
   * @param stampMs the corrected clock, read with it
   * @param timed false once contenders must not go by our stamps; it then stays so for the hold
   */
  draw(sentMs: number, stampMs: number, timed: boolean): string {
    this.timed &&= timed;
    const wished = Math.min(Math.max(0, Math.floor(stampMs)), STAMP_LIMIT_MS - 1);
    const drawnMs = Math.max(wished, (this.latest?.stampMs ?? -1) + 1);
    const version = formatVersion({ stampMs: drawnMs, timed: this.timed, holdId: this.holdId });
    const expiresAtSeconds = Infinity;
    this.latest = { version, earlier: this.latest, sentMs, stampMs: drawnMs, timed: this.timed, expiresAtSeconds };
    return version;
  }

  /** The token that the hold's entry has, or may have as far as answers told. */
  get latestToken(): bigint | undefined {
    return this.fencingToken ?? this.askedToken;
  }

  /** Whether contenders who go by the stamps would go by one that is later than that time, in epoch milliseconds. */
  isAheadOf(timeMs: number): boolean {
    return this.timed && this.latest !== undefined && this.latest.stampMs > timeMs;
  }

  /**
   * Begins anew under another hold id, before anybody believes in the hold: within one hold id stamps only rise, so
   * those of a clock that was ahead would stay ahead.
   */
  renew(holdId: string): void {
    const { leaseSeconds, fencing, latestToken: askedToken, confirmedVersion } = this;
    this.former = Object.assign(new LeaseState(this.holdId, leaseSeconds, fencing), { askedToken, confirmedVersion });
    this.holdId = holdId;
    this.latest = this.confirmedVersion = this.fencingToken = undefined;
    this.deadlineMs = this.confirmedSentMs = -Infinity;
  }

  /** Takes note of what the write asks for that carries the version drawn last. */
  asks(expiresAtSeconds = Infinity, fencingToken?: bigint): void {
    if (this.latest) this.latest.expiresAtSeconds = expiresAtSeconds;
    if (fencingToken !== undefined && fencingToken > (this.askedToken ?? 0n)) this.askedToken = fencingToken;
  }

  /**
   * Takes note that a version of this hold stands, or stood, in the table.
   * @param dateMs the `Date` of the answer that says so
   * @returns whether the deadline moved; a version that we do not know extends nothing
   */
  confirm(version: string, dateMs: number | undefined): boolean {
    let draft = this.latest;
    while (draft && draft.version !== version) draft = draft.earlier;
    if (!draft) return false;
    // The entry's version only rises within a hold: no answer speaks of an earlier one again.
    draft.earlier = undefined;
    this.confirmedVersion = version;
    this.former = undefined;
    this.expiresAtSeconds = draft.expiresAtSeconds;
    this.confirmedSentMs = Math.max(this.confirmedSentMs, draft.sentMs);
    const offered = offeredDeadlineMs({ ...draft, leaseSeconds: this.leaseSeconds, dateMs });
    if (offered === undefined || offered <= this.deadlineMs) return false;
    this.deadlineMs = offered;
    return true;
  }
}
