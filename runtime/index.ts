/** cdk-lynk/runtime: distributed locks on DynamoDB, for Lambda functions and anything else on Node.js. */

export {
  getLockFactory,
  type LockFactoryOptions,
  singleFlight,
  tryWithLock,
  withLock,
  withLocks,
} from './client/default.js';
export * from './common.js';
export { locked } from './lambda/locked.js';
export { makeLocked } from './lambda/make-locked.js';
export { stickyLock } from './lambda/sticky-lock.js';
