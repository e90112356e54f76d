/** What both entry points of the client export: all that does not depend on which client of DynamoDB it is. */

export type { Lock, TryOutcome, TryWithLockOptions, WithLockOptions } from './acquire/lock.js';
export type { BreakOptions } from './admin/break.js';
export type { ListOptions, LockInspection } from './admin/inspect.js';
export { LockFactory } from './client/lock-factory.js';
export type { LockConditionCheck, TransactionItem } from './core/store.js';
export { currentHold } from './entry/scope.js';
export {
  BreakRefusedError,
  CannotDeserializeError,
  InvocationEndingError,
  LockEntryError,
  type LockHolder,
  LockLostError,
  type LockLostReason,
  type LockNotGrantedDetails,
  LockNotGrantedError,
  LockOptionError,
  LockReentrancyError,
  LockTableError,
  LockUnavailableError,
  LynkError,
  type LynkErrorDetails,
} from './errors.js';
export type { Work } from './hold/run-under.js';
export { type EmfOptions, emfMetrics } from './lambda/emf.js';
export type { LockedOptions, LockedOptionsWith, OnNotGranted } from './lambda/locked-function.js';
export type { LockableMethod, LockedDecorator } from './lambda/locked-method.js';
export type { StickyLockOptions } from './lambda/sticky-lock-by.js';
export type { LockMetrics, SingleLockMetric } from './observe/event-metrics.js';
export type {
  LockAcquiredEvent,
  LockAttempt,
  LockEvent,
  LockEventOf,
  LockHandedOverEvent,
  LockLapsedEvent,
  LockLostEvent,
  LockNotGrantedEvent,
  LockObserver,
  LockRefreshedEvent,
  LockRefreshedLateEvent,
  LockRefreshFailedEvent,
  LockReleasedEvent,
  LockReleaseFailedEvent,
  LockRequestedEvent,
  LockServedEvent,
  LockWaitingEvent,
} from './observe/events.js';
export type { Logger } from './observe/logger.js';
export type { HeldLock, RefreshOptions, WaitOptions } from './options/held-lock.js';
export type { Lease } from './options/invocation-lease.js';
export type {
  AcquireOptions,
  DeserializeOptions,
  FactorySettings,
  InvocationContext,
  LockOptions,
  SemaphoreOptions,
  SingleFlightOptions,
  TryOptions,
} from './options/options.js';
export type { HeldLocks, WithLocksOptions, WorkOnSeveral } from './recipes/multi-lock.js';
export type { Semaphore } from './recipes/semaphore.js';
export type { StickyHold, StickyLock, StickyOptions } from './recipes/sticky-lock.js';
