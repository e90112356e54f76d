/** cdk-lynk/runtime/durable: a lock that a durable execution of AWS Lambda holds, over suspensions and replays. */
export type { DurableWork } from './asked.js';
export type {
  DurableContext,
  DurableDuration,
  DurableStepConfig,
  RetryDecision,
  StepSerdes,
  StepSerdesContext,
} from './context.js';
export { type DurableChildWork, DurableHeldLock, type DurableStepWork, type StepContextOf } from './held.js';
export type { DurableLockOptions, DurablePermitOptions, TryDurableLockOptions } from './options.js';
export { type DurableTryOutcome, tryWithDurableLock, withDurableLock, withDurablePermit } from './with-durable-lock.js';
