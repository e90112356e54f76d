import type { Clock } from './clock.js';
import { LockProcess, type Randomness } from './lock-manager.js';
import type { HoldStore, LockStore } from './store.js';

/** What locks are made of in a test, in place of this machine's clock and DynamoDB. */
export interface StandIn {
  readonly clock: Clock;
  readonly random: Randomness;
  readonly store: LockStore;
}

/** What a factory's locks rest on. */
export interface Footing<S extends HoldStore = LockStore> {
  readonly process: LockProcess;
  readonly store: S;
}

/**
 * One slot for all copies of this package in a process: a test may well load it as CommonJS, and the code under
 * test as ES modules. Only what is in `StandIn` passes from copy to copy; the locks, and the errors that they
 * throw, are those of the copy that the code under test imports, so `instanceof` holds there.
 */
const SLOT = Symbol.for('cdk-lynk.stand-in');
const slots = globalThis as { [SLOT]?: StandIn | undefined };
const footings = new WeakMap<StandIn, Footing>();

/** Until it is taken away, or replaced, locks of every factory rest on it. */
export function putStandIn(standIn: StandIn): void {
  slots[SLOT] = standIn;
}

/** Does nothing where another one has replaced it. */
export function removeStandIn(standIn: StandIn): void {
  if (slots[SLOT] === standIn) delete slots[SLOT];
}

/** The footing that stands in for every other one at the moment. */
export function footingInstead(): Footing | undefined {
  const standIn = slots[SLOT];
  return standIn && footingOn(standIn);
}

/** One process a stand-in, however many factories rest on it. */
export function footingOn(standIn: StandIn): Footing {
  let footing = footings.get(standIn);
  if (!footing) {
    footing = { process: new LockProcess(standIn.clock, standIn.random), store: standIn.store };
    footings.set(standIn, footing);
  }
  return footing;
}
