import { isThrottling } from '../store/failure.js';

// These are the AWS SDK's, for DynamoDB.
const ATTEMPTS = 4;
const DELAY_MS = 25;
const THROTTLED_DELAY_MS = 1000;
const MOST_DELAY_MS = 20_000;
const CAPACITY = 500;
const COST = 14;
const THROTTLED_COST = 5;
const REGAINED = 1;

/** No connection, or one that broke. */
const BROKEN = /^(?:ECONNRESET|ECONNREFUSED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;
const TIMEOUT = /^(?:TimeoutError|RequestTimeout(?:Exception)?)$/;

/**
 * Says whether a request is tried again, and when. All requests of a connection share a capacity, so that an outage is
 * not met with four times as many requests.
 */
export class Attempts {
  private capacity = CAPACITY;

  /** How many attempts a request has. */
  get most(): number {
    return Number(process.env['AWS_MAX_ATTEMPTS']) || ATTEMPTS;
  }

  /** @param cost what the attempt that was answered had taken from the capacity; it comes back */
  answered(cost = REGAINED): void {
    this.capacity = Math.min(CAPACITY, this.capacity + cost);
  }

  /**
   * @param attempt the number of the attempt that failed, from 1
   * @returns undefined if there is no other
   */
  after(attempt: number, error: unknown): { readonly delayMs: number; readonly cost: number } | undefined {
    const isThrottled = isThrottling(error);
    const cost = isThrottled ? THROTTLED_COST : COST;
    if (!isThrottled && !mayPass(error)) return undefined;
    if (attempt >= this.most || this.capacity < cost) return undefined;
    this.capacity -= cost;
    const mostMs = Math.min((isThrottled ? THROTTLED_DELAY_MS : DELAY_MS) * 2 ** (attempt - 1), MOST_DELAY_MS);
    return { delayMs: Math.floor(Math.random() * mostMs), cost };
  }
}

function mayPass(error: unknown): boolean {
  const { name, code, $retryable, $metadata } = error as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly $retryable?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  return (
    $retryable !== undefined ||
    TIMEOUT.test(String(name)) ||
    BROKEN.test(String(code)) ||
    [429, 500, 502, 503, 504].includes($metadata?.httpStatusCode ?? 0)
  );
}
