import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** A refusal in DynamoDB's own words. */
export interface Refusal {
  readonly status: number;
  /** The error's name, such as `ProvisionedThroughputExceededException`. */
  readonly error: string;
  readonly message?: string;
}

/** An answer that is none of DynamoDB's, as a middlebox gives it. */
interface Page {
  readonly status: number;
  readonly page: string;
  /** Whether the connection is cut in the middle of it. */
  readonly isCut?: boolean;
}

/**
 * What becomes of one request:
 * - `pass`: carried out, and answered
 * - `drop-answer`: carried out; then the connection is cut in place of an answer
 * - `reset`: the connection is cut; nothing is carried out
 * - `silence`: never answered, nor carried out
 * - a refusal: answered with that error; nothing is carried out
 * - a page: answered with that; nothing is carried out
 * - `after`: carried out and answered once that is settled, even where its sender has gone by then
 */
export type Fate = 'pass' | 'drop-answer' | 'reset' | 'silence' | Refusal | Page | { readonly after: Promise<unknown> };

export const THROTTLED: Refusal = { status: 400, error: 'ProvisionedThroughputExceededException' };
export const SERVER_ERROR: Refusal = { status: 500, error: 'InternalServerError' };

/** A request that has arrived. */
export interface SeenRequest {
  /** Such as `UpdateItem`. */
  readonly operation: string;
  readonly input: {
    readonly ConsistentRead?: boolean;
    readonly Key?: { readonly lockKey?: { readonly S?: string } };
    readonly ConditionExpression?: string;
  };
}

/** Stands between clients and a DynamoDB-compatible server, counts what is on the wire, and spoils it. */
export class FaultProxy {
  /** Asked once for every request. */
  fate: (seen: SeenRequest) => Fate = () => 'pass';
  /** All requests since the last `forget`, in the order of their arrival; an SDK's retries count. */
  readonly requests: SeenRequest[] = [];
  /** Those of them that the server has carried out by now: a request that has arrived may still be under way. */
  readonly carriedOut: SeenRequest[] = [];
  private readonly connections = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly upstream: string,
    readonly endpoint: string,
  ) {
    server.on('request', (incoming, answer) => {
      // A connection that breaks has told its client; here it is no news.
      this.handle(incoming, answer).catch(() => answer.destroy());
    });
    server.on('connection', (connection: Socket) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
  }

  /** A proxy in front of the server at `upstream`, on a port of its own. */
  static async to(upstream: string): Promise<FaultProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('the proxy has no port');
    return new FaultProxy(server, upstream, `http://127.0.0.1:${address.port}`);
  }

  /** How many requests there were, by operation. */
  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { operation } of this.requests) counts[operation] = (counts[operation] ?? 0) + 1;
    return counts;
  }

  /** Forgets what it has seen, and lets everything pass. */
  forget(): void {
    this.requests.length = 0;
    this.carriedOut.length = 0;
    this.fate = () => 'pass';
  }

  /** The next request that `matches` meets this fate, once; all others pass. */
  spoilNext(fate: Fate, matches: (seen: SeenRequest) => boolean): void {
    let spoilt = false;
    this.fate = (seen) => {
      if (spoilt || !matches(seen)) return 'pass';
      spoilt = true;
      return fate;
    };
  }

  /** Ends all connections, as a server does with idle ones while their client is frozen; returns how many. */
  cutConnections(): number {
    const { size } = this.connections;
    for (const connection of this.connections) connection.destroy();
    return size;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const seen = { operation: operationOf(incoming), input: JSON.parse(body.toString() || '{}') };
    this.requests.push(seen);
    const fate = this.fate(seen);
    if (fate === 'silence') return;
    if (fate === 'reset') {
      answer.destroy();
      return;
    }
    if (typeof fate === 'object' && 'page' in fate) {
      showPage(answer, fate);
      return;
    }
    if (typeof fate === 'object' && 'status' in fate) {
      refuse(answer, fate);
      return;
    }
    if (typeof fate === 'object') await fate.after;
    const done = await this.forward(incoming, body);
    this.carriedOut.push(seen);
    if (fate === 'drop-answer') {
      answer.destroy();
      return;
    }
    // The server's own headers only: clients judge ages by its `Date`.
    answer.sendDate = false;
    answer.writeHead(done.status, done.headers).end(done.body);
  }

  private forward({ method, headers }: IncomingMessage, body: Buffer) {
    return new Promise<{ status: number; headers: IncomingMessage['headers']; body: Buffer }>((resolve, reject) => {
      // A connection each: a kept-alive one that the server drops would be a fault that no test asked for.
      const outgoing = request(this.upstream, { method, headers, agent: false }, (incoming) => {
        bytesOf(incoming).then(
          (bytes) => resolve({ status: incoming.statusCode ?? 502, headers: endToEnd(incoming.headers), body: bytes }),
          reject,
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

function refuse(answer: ServerResponse, { status, error, message = `refused by the proxy: ${error}` }: Refusal): void {
  const body = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${error}`, message });
  answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(body);
}

function showPage(answer: ServerResponse, { status, page, isCut = false }: Page): void {
  const length = Buffer.byteLength(page) + (isCut ? 100 : 0);
  answer.writeHead(status, { 'content-length': length });
  if (isCut) answer.write(page, () => answer.destroy());
  else answer.end(page);
}

function operationOf(incoming: IncomingMessage): string {
  return String(incoming.headers['x-amz-target']).replace('DynamoDB_20120810.', '');
}

/** Without what concerns one connection only. */
function endToEnd({ connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...kept }: IncomingMessage['headers']) {
  return kept;
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
