import type { Clock } from './clock.js';
import { LockManager, type Randomness } from './lock-manager.js';
import type { HoldStore, LockStore } from './store.js';

/** What locks are made of in a test, in place of this machine's clock and DynamoDB. */
export interface TestBackend {
  readonly clock: Clock;
  readonly random: Randomness;
  readonly store: LockStore;
}

/** What a factory's locks rest on. */
export interface Backend<S extends HoldStore = LockStore> {
  readonly manager: LockManager;
  readonly store: S;
}

/**
 * One slot for all copies of this package in a process: a test may well load it as CommonJS, and the code under
 * test as ES modules. Only what is in `TestBackend` passes from copy to copy; the locks, and the errors that they
 * throw, are those of the copy that the code under test imports, so `instanceof` holds there.
 */
const SLOT = Symbol.for('cdk-lynk.test-backend');
const slots = globalThis as { [SLOT]?: TestBackend | undefined };
const backends = new WeakMap<TestBackend, Backend>();

/** Until it is taken away, or replaced, locks of every factory rest on it. */
export function installTestBackend(backend: TestBackend): void {
  slots[SLOT] = backend;
}

/** Does nothing where another one has replaced it. */
export function removeTestBackend(backend: TestBackend): void {
  if (slots[SLOT] === backend) delete slots[SLOT];
}

/** The backend that stands in for every other one at the moment. */
export function testBackendInstead(): Backend | undefined {
  const installed = slots[SLOT];
  return installed && backendOf(installed);
}

/** One lock manager a test backend, however many factories rest on it. */
export function backendOf(testBackend: TestBackend): Backend {
  let backend = backends.get(testBackend);
  if (!backend) {
    const { clock, random, store } = testBackend;
    backend = { manager: new LockManager(clock, random), store };
    backends.set(testBackend, backend);
  }
  return backend;
}
