/** What is imported from more than one entry point. */
export {
  getLockFactory,
  LockFactory,
  locked,
  makeLocked,
  stickyLock,
} from '../../runtime/index.js';
export { lockTracing } from '../../runtime/opentelemetry/index.js';
export { createTestLocks } from '../../runtime/testing/index.js';
