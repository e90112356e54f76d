/** cdk-lynk/runtime/opentelemetry: spans for waiting for a lock, and for holding it. Needs `@opentelemetry/api`. */
export { type LockTracingOptions, lockTracing } from './lock-tracing.js';
