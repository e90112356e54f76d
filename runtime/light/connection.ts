import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { parseDateHeader } from '../protocol/server-clock.js';
import type { Connection, Operation, Reply } from '../store/connection.js';
import { isUnmet } from '../store/failure.js';
import { CONNECT_LIMIT_MS, REQUEST_LIMIT_MS } from '../store/limits.js';
import { refuseForeignAnswer, refuseWithoutProtocol } from '../store/transit.js';
import { outputIn } from './answer.js';
import { Attempts } from './attempts.js';
import { bytesOf } from './body.js';
import { type Endpoint, endpointIn } from './endpoint.js';
import { requestText } from './json.js';
import type { CredentialsProvider } from './kept.js';
import { type Attempt, httpRequest } from './request.js';
import { sign } from './signer.js';

/** DynamoDB refuses a signature by a clock that is further off. */
const SKEWED_MS = 240_000;

/** Reaches DynamoDB without an SDK client: by its JSON protocol, signed, over HTTPS. */
export class LightConnection implements Connection {
  private readonly attempts = new Attempts();
  private readonly handler = new NodeHttpHandler({
    connectionTimeout: CONNECT_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    throwOnRequestTimeout: true,
  });
  /** Found at the first request. */
  private endpoint: Endpoint | undefined;
  /** How much later it is by DynamoDB's clock than by this machine's. */
  private skewMs = 0;

  /** @param environment names region and endpoint */
  constructor(
    private readonly credentials: CredentialsProvider,
    private readonly environment: Readonly<Record<string, string | undefined>> = process.env,
  ) {}

  async send(operation: Operation, input: object, signal: AbortSignal): Promise<Reply> {
    const { most } = this.attempts;
    const request = { operation, body: Buffer.from(requestText(input)), id: randomUUID(), most };
    let spent: number | undefined;
    for (let number = 1; ; number += 1) {
      try {
        const reply = await this.attempt({ ...request, number }, signal);
        this.attempts.answered(spent);
        return reply;
      } catch (error) {
        if (signal.aborted) throw new DOMException('the request was aborted', 'AbortError');
        const next = this.attempts.after(number, error);
        if (!next) throw error;
        spent = next.cost;
        await sleep(next.delayMs, undefined, { signal });
      }
    }
  }

  async place(): Promise<readonly string[]> {
    const { named, region } = this.findEndpoint();
    return [named, region];
  }

  private findEndpoint(): Endpoint {
    if (!this.endpoint) {
      const endpoint = endpointIn(this.environment);
      refuseWithoutProtocol({ protocol: endpoint.url.protocol, path: endpoint.url.pathname });
      this.endpoint = endpoint;
    }
    return this.endpoint;
  }

  private async attempt(attempt: Attempt, signal: AbortSignal): Promise<Reply> {
    const { url, region } = this.findEndpoint();
    const credentials = await this.credentials();
    const { skewMs } = this;
    const request = httpRequest(attempt, url);
    await sign(request, credentials, region, Date.now() + skewMs);
    const { response } = await this.handler.handle(request as object as Parameters<NodeHttpHandler['handle']>[0], {
      abortSignal: signal,
    });
    const { statusCode: status, headers } = response;
    const body = await bytesOf(response.body, REQUEST_LIMIT_MS);
    const dateMs = parseDateHeader(headers['date']);
    if (dateMs !== undefined) this.skewMs = dateMs - Date.now();
    if (status < 300) refuseForeignAnswer(headers);
    try {
      return { dateMs, output: outputIn({ status, headers, body }) };
    } catch (error) {
      if (isUnmet(error)) return { dateMs, output: {}, unmet: error };
      // The next attempt is signed by the right time.
      if (Math.abs(this.skewMs - skewMs) >= SKEWED_MS) Object.assign(error as Error, { $retryable: {} });
      throw error;
    }
  }
}
