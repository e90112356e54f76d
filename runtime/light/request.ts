import type { Operation } from '../store/connection.js';

/** One of the attempts at a request. */
export interface Attempt {
  readonly operation: Operation;
  readonly body: Uint8Array;
  /** The same for all attempts. */
  readonly id: string;
  readonly number: number;
  /** How many attempts there may be. */
  readonly most: number;
}

/** In the form that the request handler takes. */
export interface HttpRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** An attempt as an HTTP request, to be signed. */
export function httpRequest({ operation, body, id, number, most }: Attempt, url: URL): HttpRequest {
  return {
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port && { port: Number(url.port) }),
    path: url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`,
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.0',
      'content-length': String(body.length),
      'user-agent': 'cdk-lynk-light',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      'amz-sdk-invocation-id': id,
      'amz-sdk-request': `attempt=${number}; max=${most}`,
      ...traced(),
    },
    body,
  };
}

/** Where the function is invoked several times at once, the trace of each is in this store. */
interface Lambda {
  readonly awslambda?: { readonly InvokeStore?: { readonly getXRayTraceId?: () => string | undefined } };
}

/** X-Ray's trace of the invocation. */
function traced(): { readonly 'x-amzn-trace-id'?: string } {
  const { AWS_LAMBDA_FUNCTION_NAME, _X_AMZN_TRACE_ID } = process.env;
  if (!AWS_LAMBDA_FUNCTION_NAME) return {};
  const trace = (globalThis as Lambda).awslambda?.InvokeStore?.getXRayTraceId?.() ?? _X_AMZN_TRACE_ID;
  return trace ? { 'x-amzn-trace-id': trace } : {};
}
