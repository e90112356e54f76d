/** The oldest AWS SDK that the client works with, and what is newer. */
export const SDK_RANGE = '^3.705.0';

/**
 * What the entry points of the client want beside them, each only where it is used. `package.json` can name these
 * packages as optional, but not their versions: whatever stands in its `peerDependencies` has to be a jsii module.
 */
export const PEER_RANGES = {
  '@aws-lambda-powertools/logger': '^2.0.0',
  '@aws-lambda-powertools/metrics': '^2.0.0',
  '@aws-sdk/client-dynamodb': SDK_RANGE,
  '@aws/durable-execution-sdk-js': '^2.4.0',
  '@middy/core': '6.x || 7.x',
  '@opentelemetry/api': '^1.9.0',
  // From these on, they load node:http only where a plain endpoint needs it.
  '@smithy/node-http-handler': '^4.14.0',
  '@smithy/signature-v4': '^5.7.0',
} as const;
