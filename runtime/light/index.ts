/** cdk-lynk/runtime/light: the exports of cdk-lynk/runtime, with a client of DynamoDB that needs no SDK client. */

export * from '../common.js';
export {
  getLockFactory,
  type LockFactoryOptions,
  singleFlight,
  tryWithLock,
  withLock,
  withLocks,
} from './default.js';
export type { AwsCredentials, CredentialsProvider } from './kept.js';
export { locked, makeLocked, stickyLock } from './lambda.js';
