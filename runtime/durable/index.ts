/** cdk-lynk/runtime/durable: a lock that a durable execution of AWS Lambda holds, over suspensions and replays. */
export type {
  DurableContext,
  DurableDuration,
  DurableStepConfig,
  RetryDecision,
  StepSerdes,
  StepSerdesContext,
} from './context.js';
export { type DurableChildWork, DurableHeldLock, type DurableStepWork, type StepContextOf } from './held.js';
export {
  type DurableLockOptions,
  type DurablePermitOptions,
  type DurableTryOutcome,
  type DurableWork,
  type TryDurableLockOptions,
  tryWithDurableLock,
  withDurableLock,
  withDurablePermit,
} from './with-durable-lock.js';
