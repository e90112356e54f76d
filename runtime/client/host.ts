import { hostname } from 'node:os';

/**
 * Who holds a lock, for people: in Lambda `function/log-stream/request-id`, so that the holder's log is
 * found at once; anywhere else `hostname/pid`.
 */
export function defaultHostIdentifier(requestId: string | undefined): string {
  const { AWS_LAMBDA_FUNCTION_NAME: name, AWS_LAMBDA_LOG_STREAM_NAME: logStream } = process.env;
  if (name === undefined) return `${hostname()}/${process.pid}`;
  return [name, logStream ?? 'unknown', requestId ?? 'unknown'].join('/');
}
