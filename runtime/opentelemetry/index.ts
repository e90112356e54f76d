/** cdk-lynk/runtime/opentelemetry: spans of waiting for a lock and of holding it. Needs `@opentelemetry/api`. */
export { type LockTracingOptions, lockTracing } from './lock-tracing.js';
