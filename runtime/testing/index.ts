/** cdk-lynk/testing: locks in memory, for tests of code that uses locks. */
export type { Fault, FaultOptions, LockRequest } from './fault.js';
export type { LossReason } from './losses.js';
export type { HeldByOtherOptions, OtherHolder, Simulation } from './simulation.js';
export {
  createTestLocks,
  type TestLocks,
  type TestLocksOptions,
  type VirtualTestLocks,
} from './test-locks.js';
export type { TestTime } from './virtual-time.js';
