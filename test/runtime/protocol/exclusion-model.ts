import { mayAcquire, mayAdopt, mayRefresh, mayRelease } from '../../../runtime/protocol/conditions.js';
import type { LockEntry } from '../../../runtime/protocol/entry.js';
import { LeaseState } from '../../../runtime/protocol/lease-state.js';
import { ServerClock } from '../../../runtime/protocol/server-clock.js';
import { isStampExpired, type ObservedVersion, observe, observedExpiryMs } from '../../../runtime/protocol/takeover.js';
import { holdIdFrom } from '../../../runtime/protocol/version.js';

const EPOCH = Date.UTC(2026, 0, 1);

/** How one client differs from the others. */
export interface ClientTraits {
  /** Its wall clock is off by this much, all the time. */
  readonly wallOffMs: number;
  /** Its monotonic clock runs fast by this much. */
  readonly ppm: number;
  readonly leaseSeconds: number;
  readonly clockToleranceSeconds: number;
}

/** What becomes of one request: it may arrive late, or twice, or not at all, and so may its answer. */
export interface Journey {
  /** How long after it was sent each copy of the request arrives; none where it is lost. */
  readonly arrivesAfterMs: readonly number[];
  /** How long each answer takes. Answers to further copies are lost. */
  readonly answeredAfterMs: readonly number[];
  /** What the front end that answers is ahead of true time; undefined where it sends no `Date`. */
  readonly frontEndOffMs: number | undefined;
}

/**
 * One thing that a client does; where it makes no sense just then, nothing happens. What only a holder can
 * do, the holder does, if there is one.
 */
export interface Action {
  /** How long after the former action. */
  readonly afterMs: number;
  readonly client: number;
  readonly does: 'acquire' | 'acquire anew' | 'wait' | 'look' | 'refresh' | 'release' | 'hand over' | 'adopt';
  readonly journey: Journey;
}

/** A waiter looks this often, for so long. */
const POLL_MS = 200;
const LONGEST_WAIT_MS = 16_000;

interface Event {
  readonly atMs: number;
  readonly happens: () => void;
}

interface ModelAnswer {
  readonly written: boolean;
  readonly entry: LockEntry | undefined;
  readonly dateMs: number | undefined;
}

/**
 * One lock, one entry, a few clients, and a network that loses, delays and repeats. Every decision is taken
 * by the functions of runtime/protocol; here is only who asks for it, and when.
 */
export class ExclusionModel {
  nowMs = 0;
  readonly clients: readonly Client[];
  /** Texts that were handed over; each may be delivered any number of times. */
  readonly handedOver: string[] = [];
  /** The holds that any client believed in. */
  readonly holdsSeen = new Set<string>();
  private entry: LockEntry | undefined;
  private readonly events: Event[] = [];

  constructor(traits: readonly ClientTraits[]) {
    this.clients = traits.map((each, index) => new Client(this, each, index));
  }

  /**
   * Lets all of it happen.
   * @returns what came about where two clients believed at once, else undefined
   */
  run(actions: readonly Action[]): string | undefined {
    let atMs = 0;
    for (const action of actions) {
      atMs += action.afterMs;
      this.at(atMs, () => this.actor(action)?.act(action));
    }
    for (let next = this.events.shift(); next; next = this.events.shift()) {
      this.nowMs = next.atMs;
      next.happens();
      const holders = this.clients.filter((client) => client.believes());
      for (const { holdId = '' } of holders) this.holdsSeen.add(holdId);
      if (holders.length > 1) return `at ${this.nowMs} ms: ${holders.map(String).join(' and ')}`;
    }
    return undefined;
  }

  /** Sends a request on its journey; `decide` is what the table makes of it. */
  send(
    { arrivesAfterMs, answeredAfterMs, frontEndOffMs }: Journey,
    decide: (standing: LockEntry | undefined) => { readonly written: boolean; readonly entry: LockEntry | undefined },
    onAnswer: (answer: ModelAnswer) => void,
  ): void {
    arrivesAfterMs.forEach((tripMs, copy) => {
      this.at(this.nowMs + tripMs, () => {
        const { written, entry } = decide(this.entry);
        const shown = this.entry;
        if (written) this.entry = entry;
        const backMs = answeredAfterMs[copy];
        if (backMs === undefined) return;
        const dateMs =
          frontEndOffMs === undefined ? undefined : Math.floor((EPOCH + this.nowMs + frontEndOffMs) / 1000) * 1000;
        this.at(this.nowMs + backMs, () => onAnswer({ written, entry: written ? undefined : shown, dateMs }));
      });
    });
  }

  at(atMs: number, happens: () => void): void {
    const index = this.events.findLastIndex((event) => event.atMs <= atMs);
    this.events.splice(index + 1, 0, { atMs, happens });
  }

  private actor({ does, client }: Action): Client | undefined {
    const isForHolders = does === 'refresh' || does === 'release' || does === 'hand over';
    return (isForHolders && this.clients.find((each) => each.believes())) || this.clients[client];
  }
}

class Client {
  private lease: LeaseState | undefined;
  /** Whether a write of the ledger is known to have landed, and nothing spoke against it since. */
  private holds = false;
  private observation: ObservedVersion | undefined;
  /** What the last answer showed, and its stamp says is over. */
  private stampExpired: string | undefined;
  private readonly givenUp = new Set<string>();
  private readonly serverClock = new ServerClock();
  private holdsDrawn = 0;

  constructor(
    private readonly model: ExclusionModel,
    private readonly traits: ClientTraits,
    private readonly index: number,
  ) {}

  get holdId(): string | undefined {
    return this.lease?.holdId;
  }

  believes(): boolean {
    return this.holds && this.lease !== undefined && this.elapsedMs() < this.lease.deadlineMs;
  }

  toString(): string {
    return `client ${this.index} (until ${this.lease?.deadlineMs} of its ${this.elapsedMs()} ms)`;
  }

  act({ does, journey }: Action): void {
    if (does === 'look') this.look(journey);
    else if (does === 'adopt') this.adopt(journey);
    else if (!this.believes()) this.acquire(journey, does === 'acquire anew', does === 'wait' ? LONGEST_WAIT_MS : 0);
    else if (does === 'release') this.release(journey);
    else this.refresh(journey, does === 'hand over');
  }

  private acquire(journey: Journey, isAnew: boolean, waitMs: number): void {
    const lease = isAnew || this.holds || !this.lease ? this.begin() : this.lease;
    const version = this.draw(lease);
    const expired = this.expiredVersion();
    const entry = this.entryAt(version);
    this.exchange(
      journey,
      (standing) => ({ written: mayAcquire(asStanding(standing), expired), entry }),
      (answer) => {
        if (this.heard(lease, version, answer) !== undefined || lease !== this.lease || waitMs <= 0) return;
        const { nowMs } = this.model;
        const next = { ...journey, arrivesAfterMs: [5], answeredAfterMs: [5] };
        this.model.at(nowMs + POLL_MS, () => {
          if (lease === this.lease && !this.holds) this.acquire(next, false, waitMs - POLL_MS);
        });
      },
    );
  }

  private look(journey: Journey): void {
    this.exchange(
      journey,
      () => ({ written: false, entry: undefined }),
      () => {},
    );
  }

  private refresh(journey: Journey, isHandOver: boolean): void {
    const { lease } = this;
    if (!lease) return;
    const version = this.draw(lease);
    this.exchange(
      journey,
      (standing) => ({
        written: mayRefresh(asStanding(standing), lease.holdId, version),
        entry: standing && { ...standing, version },
      }),
      (answer) => {
        const standing = this.heard(lease, version, answer);
        if (lease !== this.lease) return;
        if (standing === undefined) this.stopBelieving();
        if (isHandOver && standing === version && this.believes()) {
          this.stopBelieving();
          this.model.handedOver.push(version);
        }
      },
    );
  }

  private release(journey: Journey): void {
    const { lease } = this;
    if (!lease) return;
    this.stopBelieving();
    this.givenUp.add(lease.holdId);
    this.exchange(
      journey,
      (standing) => ({ written: mayRelease(asStanding(standing), lease.holdId), entry: undefined }),
      () => {},
    );
  }

  private adopt(journey: Journey): void {
    const given = this.model.handedOver.at(-1);
    if (given === undefined || this.believes()) return;
    const lease = this.begin();
    const version = this.draw(lease);
    const entry = this.entryAt(version);
    this.exchange(
      journey,
      (standing) => ({ written: mayAdopt(asStanding(standing), given), entry }),
      (answer) => this.heard(lease, version, answer),
    );
  }

  /** What an answer to a write tells about its hold: the version of it that stands, if any. */
  private heard(lease: LeaseState, version: string, { written, entry, dateMs }: ModelAnswer): string | undefined {
    const standing = written ? version : entry?.version;
    if (lease !== this.lease || !standing?.includes(lease.holdId)) return undefined;
    lease.confirm(standing, dateMs);
    this.holds = true;
    return standing;
  }

  private exchange(
    journey: Journey,
    decide: (standing: LockEntry | undefined) => { readonly written: boolean; readonly entry: LockEntry | undefined },
    onAnswer: (answer: ModelAnswer) => void,
  ): void {
    const sentWallMs = this.wallMs();
    this.model.send(journey, decide, (answer) => {
      this.serverClock.learn(sentWallMs, this.wallMs(), answer.dateMs);
      this.stampExpired = undefined;
      if (answer.entry) {
        this.observation = observe(this.observation, answer.entry, this.elapsedMs());
        const isExpired = isStampExpired(answer.entry, answer.dateMs, this.traits.clockToleranceSeconds);
        if (isExpired || this.isGivenUp(answer.entry)) this.stampExpired = answer.entry.version;
      }
      onAnswer(answer);
    });
  }

  private expiredVersion(): string | undefined {
    if (this.observation && this.elapsedMs() >= observedExpiryMs(this.observation)) return this.observation.version;
    return this.stampExpired;
  }

  private isGivenUp({ version }: LockEntry): boolean {
    return [...this.givenUp].some((holdId) => version.includes(holdId));
  }

  private begin(): LeaseState {
    if (this.lease && !this.holds) this.givenUp.add(this.lease.holdId);
    this.holds = false;
    const bytes = new Uint8Array(10);
    bytes.set([this.index, this.holdsDrawn >> 8, this.holdsDrawn & 0xff], 4);
    this.holdsDrawn += 1;
    this.lease = new LeaseState(holdIdFrom(bytes), this.traits.leaseSeconds);
    return this.lease;
  }

  private stopBelieving(): void {
    this.lease = undefined;
    this.holds = false;
  }

  private draw(lease: LeaseState): string {
    const timed = this.serverClock.timed && this.traits.clockToleranceSeconds !== Infinity;
    return lease.draw(this.elapsedMs(), this.serverClock.nowMs(this.wallMs()), timed);
  }

  private entryAt(version: string): LockEntry {
    const { leaseSeconds } = this.traits;
    return { lockKey: 'a', leaseSeconds, version, hostIdentifier: `client ${this.index}` };
  }

  private elapsedMs(): number {
    return this.model.nowMs * (1 + this.traits.ppm / 1e6);
  }

  private wallMs(): number {
    return EPOCH + this.model.nowMs + this.traits.wallOffMs;
  }
}

function asStanding(entry: LockEntry | undefined) {
  return entry && { version: entry.version, isFree: entry.leaseSeconds === 0 };
}
