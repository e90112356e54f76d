import { offeredDeadlineMs } from './lease.js';
import { formatVersion, STAMP_LIMIT_MS } from './version.js';

export interface Draft {
  readonly version: string;
  /** When its write lets TTL delete the entry, in epoch seconds; `Infinity` for never. */
  expiresAtSeconds: number;
  /** The draft before, until an answer has confirmed this one. */
  earlier: Draft | undefined;
  readonly sentMs: number;
  readonly stampMs: number;
  readonly timed: boolean;
}

/**
 * The versions that one hold has sent, and what the answers confirmed of them (docs/protocol.md, sections 2 and 4). A
 * version is known by its text alone: an answer may show any that the hold has sent.
 */
export class LeaseState {
  /** Elapsed time until which the holder may rely on the hold; `-Infinity` before anything was confirmed. */
  deadlineMs = -Infinity;
  /** Elapsed time at which the latest confirmed version was first sent. */
  confirmedSentMs = -Infinity;
  /** That version. */
  confirmedVersion: string | undefined;
  /** The fencing token of the hold, once an answer told it; undefined without fencing. */
  fencingToken: bigint | undefined;
  /** When TTL may delete the entry, in epoch seconds, by the latest confirmed version's write. */
  expiresAtSeconds = Infinity;
  /** The greatest token that a write asked for: no entry of the hold has a greater one. */
  private askedToken: bigint | undefined;
  /** The state before it was renewed, while its entry may stand. */
  former: LeaseState | undefined;
  /** The latest draft. From there back: the drafts that no answer has confirmed, and the latest that one has. */
  protected latest: Draft | undefined;
  protected timed = true;

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
   * @param timed whether contenders may go by the stamp; once false, it stays false for the hold
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

  /** The token that the hold's entry has, or may have. */
  get latestToken(): bigint | undefined {
    return this.fencingToken ?? this.askedToken;
  }

  /** Whether contenders may go by a stamp that is later than that time, in epoch milliseconds. */
  isAheadOf(timeMs: number): boolean {
    return this.timed && this.latest !== undefined && this.latest.stampMs > timeMs;
  }

  /**
   * Begins anew under another hold id, before anybody relies on the hold. Under one hold id stamps only rise, so that
   * those of a clock that was ahead would stay ahead.
   */
  renew(holdId: string): void {
    const { leaseSeconds, fencing, latestToken: askedToken, confirmedVersion } = this;
    this.former = Object.assign(new LeaseState(this.holdId, leaseSeconds, fencing), { askedToken, confirmedVersion });
    this.holdId = holdId;
    this.latest = this.confirmedVersion = this.fencingToken = undefined;
    this.deadlineMs = this.confirmedSentMs = -Infinity;
  }

  /** Notes what the write of the latest version asks for. */
  asks(expiresAtSeconds = Infinity, fencingToken?: bigint): void {
    if (this.latest) this.latest.expiresAtSeconds = expiresAtSeconds;
    if (fencingToken !== undefined && fencingToken > (this.askedToken ?? 0n)) this.askedToken = fencingToken;
  }

  /**
   * Notes that a version of this hold stands, or stood, in the table.
   * @param dateMs the `Date` of the answer that shows it
   * @returns whether the deadline moved; an unknown version extends nothing
   */
  confirm(version: string, dateMs: number | undefined): boolean {
    let draft = this.latest;
    while (draft && draft.version !== version) draft = draft.earlier;
    if (!draft) return false;
    // The entry's version only rises within a hold, so no answer shows an earlier one again.
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
