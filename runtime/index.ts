/** cdk-lynk/runtime: distributed locks on DynamoDB, for Lambda functions and anything else on Node.js. */
export { getLockFactory, type LockFactoryOptions, singleFlight, tryWithLock, withLock, withLocks } from './default.js';
export {
  CannotDeserializeError,
  InvocationEndingError,
  LockEntryError,
  type LockHolder,
  LockLostError,
  type LockLostReason,
  LockNotBrokenError,
  type LockNotGrantedDetails,
  LockNotGrantedError,
  LockOptionError,
  LockReentrancyError,
  LockTableError,
  LockUnavailableError,
  LynkError,
  type LynkErrorDetails,
} from './errors.js';
export { type EmfOptions, emfMetrics } from './lambda/emf.js';
export { type LockableMethod, type LockedDecorator, locked } from './lambda/locked.js';
export { type LockedOptions, type LockedOptionsWith, makeLocked, type OnNotGranted } from './lambda/make-locked.js';
export { type StickyLockOptions, stickyLock } from './lambda/sticky-lock.js';
export type { BreakOptions } from './lock/break.js';
export type {
  LockAcquiredEvent,
  LockAskedEvent,
  LockAsking,
  LockEvent,
  LockHandedOverEvent,
  LockHappening,
  LockLapsedEvent,
  LockLostEvent,
  LockNotGrantedEvent,
  LockObserver,
  LockRefreshedEvent,
  LockRefreshedLateEvent,
  LockRefreshFailedEvent,
  LockReleasedEvent,
  LockReleaseFailedEvent,
  LockServedEvent,
  LockWaitingEvent,
} from './lock/events.js';
export { LockFactory } from './lock/factory.js';
export type { HeldLock, RefreshOptions, WaitOptions } from './lock/held-lock.js';
export type { LockInspection } from './lock/inspection.js';
export type { Lease } from './lock/invocation.js';
export type { ListOptions } from './lock/listing.js';
export type { Lock } from './lock/lock.js';
export type { Logger } from './lock/logger.js';
export type { LockMetrics, SingleLockMetric } from './lock/metrics.js';
export type { TryOutcome, TryWithLockOptions, WithLockOptions } from './lock/one-lock.js';
export type {
  AcquireOptions,
  DeserializeOptions,
  FactorySettings,
  InvocationContext,
  LockOptions,
  SemaphoreOptions,
  SingleFlightOptions,
  TryOptions,
} from './lock/options.js';
export type { Semaphore } from './lock/semaphore.js';
export type { HeldLocks, WithLocksOptions, WorkOnSeveral } from './lock/several-locks.js';
export type { StickyHold, StickyLock, StickyOptions } from './lock/sticky.js';
export type { LockConditionCheck, TransactionItem } from './lock/store.js';
export { currentHold, type Work } from './lock/with-lock.js';
