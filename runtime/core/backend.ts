import type { Clock } from './clock.js';
import { LockManager, type Randomness } from './lock-manager.js';
import type { HoldStore, LockStore } from './store.js';

/** Replaces this machine's clock and DynamoDB in tests. */
export interface TestBackend {
  readonly clock: Clock;
  readonly random: Randomness;
  readonly store: LockStore;
}

/** The lock manager and the store of a factory's locks. */
export interface Backend<S extends HoldStore = LockStore> {
  readonly manager: LockManager;
  readonly store: S;
}

/**
 * One slot for all copies of this package in a process: a test may load it as CommonJS, and the code under test as ES
 * modules. Only a `TestBackend` passes from copy to copy. Locks and errors belong to the copy that the code under test
 * imports, so `instanceof` works there.
 */
const SLOT = Symbol.for('cdk-lynk.test-backend');
const slots = globalThis as { [SLOT]?: TestBackend | undefined };
const backends = new WeakMap<TestBackend, Backend>();

/** From now on the locks of every factory use it, until it is removed or replaced. */
export function installTestBackend(backend: TestBackend): void {
  slots[SLOT] = backend;
}

/** Does nothing if another one has replaced it. */
export function removeTestBackend(backend: TestBackend): void {
  if (slots[SLOT] === backend) delete slots[SLOT];
}

/** The backend that replaces every other one now, if there is one. */
export function testBackendInstead(): Backend | undefined {
  const installed = slots[SLOT];
  return installed && backendOf(installed);
}

/** A test backend has one lock manager, however many factories use it. */
export function backendOf(testBackend: TestBackend): Backend {
  let backend = backends.get(testBackend);
  if (!backend) {
    const { clock, random, store } = testBackend;
    backend = { manager: new LockManager(clock, random), store };
    backends.set(testBackend, backend);
  }
  return backend;
}
