import type { LockLostError } from '../../../runtime/index.js';
import type { TypeScriptBeliever } from '../clients/believer.js';
import { isFencing } from '../faults/plan.js';
import type { Checker, World } from '../world.js';

/** The part of a hold id that names the acquisition of an execution. */
const ACQUISITION_LENGTH = 15;
/** Of each second of the lease, so much is left when a step begins: half, less what answers take to arrive. */
const ENOUGH_MS = 450;

/**
 * What holds over the steps of one acquisition: none runs after another holder in between, a later step has a later
 * ordinal, and all have the same fencing token, which is greater than those before. A guarded write is carried out only
 * while nobody has begun after its hold. In calm runs nothing is lost.
 */
export class DurableOrder implements Checker {
  /** Acquisitions of executions that came to a step. */
  acquisitions = 0;
  private readonly latest = new Map<string, { readonly holder: string; readonly ordinal: number }>();
  private readonly seen = new Set<string>();
  private readonly tokens = new Map<string, bigint>();
  private readonly greatest = new Map<string, bigint>();

  constructor(
    private readonly world: World,
    private readonly isDurable: (process: string) => boolean,
    private readonly isCalm: boolean,
  ) {}

  /** Python's client, of which no hold is told. */
  taken(lock: string, name: string): void {
    if (name.startsWith('py')) this.latest.set(lock, { holder: name, ordinal: 0 });
  }

  granted(believer: TypeScriptBeliever): void {
    const { lock, hold, name, process } = believer;
    const { holder, ordinal } = this.holderOf(believer);
    const latest = this.latest.get(lock);
    const key = `${lock} ${holder}`;
    const isHurried = process.jumpedMs > this.world.time.nowMs - believer.leaseSeconds * 1000;
    const leftMs = believer.leftMs();
    if (this.isDurable(process.name) && !isHurried && leftMs < believer.leaseSeconds * ENOUGH_MS) {
      this.world.report('durable-enough', `${name} begins with ${leftMs} ms of its lease left`);
    }
    // It was frozen before its work began, and does not believe.
    if (!believer.believes()) return;
    if (this.seen.has(key) && latest?.holder !== holder) {
      this.world.report('durable-order', `${name} runs under ${lock}, which ${latest?.holder} has held in between`);
    }
    if (latest?.holder === holder && ordinal <= latest.ordinal) {
      this.world.report('durable-order', `${name} runs with ordinal ${ordinal} of ${hold}, after ${latest.ordinal}`);
    }
    if (this.isDurable(believer.process.name) && !this.seen.has(key)) this.acquisitions += 1;
    this.seen.add(key);
    this.latest.set(lock, { holder, ordinal });
    this.checkToken(believer, key);
  }

  /** A guarded write of that hold is carried out. */
  committed(lock: string, hold: string): void {
    const latest = this.latest.get(lock);
    const acquisition = hold.slice(0, ACQUISITION_LENGTH);
    const ordinal = ordinalOf(hold);
    if (latest?.holder === hold || (latest?.holder === acquisition && latest.ordinal <= ordinal)) return;
    this.world.report(
      'durable-order',
      `a write of ${hold} is carried out after ${latest?.holder} ${latest?.ordinal} began`,
    );
  }

  lost(execution: string, error: LockLostError): void {
    if (this.isCalm) this.world.report('spurious-loss', `${execution} lost its lock in a calm run: ${error.message}`);
  }

  private checkToken({ held, lock, name }: TypeScriptBeliever, key: string): void {
    const { plan } = this.world;
    if (!isFencing(plan) || plan.clients.some(({ kind }) => kind === 'python')) return;
    const token = held.fencingToken;
    const before = this.tokens.get(key);
    if (before !== undefined && before !== token) {
      this.world.report('fencing-tokens', `${name} has token ${token} for ${lock}, its acquisition had ${before}`);
    }
    const greatest = this.greatest.get(lock) ?? 0n;
    if (before === undefined && token <= greatest) {
      this.world.report('fencing-tokens', `${name} got ${token} for ${lock}, after ${greatest}`);
    }
    this.tokens.set(key, token);
    if (token > greatest) this.greatest.set(lock, token);
  }

  private holderOf({ hold, process }: TypeScriptBeliever): { readonly holder: string; readonly ordinal: number } {
    if (!this.isDurable(process.name)) return { holder: hold, ordinal: 0 };
    return { holder: hold.slice(0, ACQUISITION_LENGTH), ordinal: ordinalOf(hold) };
  }
}

function ordinalOf(hold: string): number {
  return Number.parseInt(hold.slice(ACQUISITION_LENGTH, ACQUISITION_LENGTH + 3), 16);
}
