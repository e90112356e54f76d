import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeAws } from '../../deploy/fake-aws.js';
import { startServer, type TestServer } from '../../server/index.js';
import { Permissions } from './permissions.js';
import { Sandboxes } from './sandboxes.js';
import { Tables } from './tables.js';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** A way to send a request to one of the servers behind. */
export type Forward = (asked: Asked) => Promise<Answer>;

/**
 * AWS, as far as a run sees it, at one address: moto for what is deployed, the embedded server for what is in tables,
 * Lambda's emulator for what is invoked, and an evaluator of the deployed policies in front of tables.
 */
export class Cloud {
  private constructor(
    private readonly aws: FakeAws,
    private readonly dynamodb: TestServer,
    private readonly server: Server,
    private readonly sandboxes: Sandboxes,
  ) {}

  static async start(): Promise<Cloud> {
    const aws = await FakeAws.start();
    const dynamodb = await startServer();
    const [deployed, stored] = [forwardTo(aws.endpoint), forwardTo(dynamodb.endpoint)];
    const permissions = new Permissions(deployed);
    const tables = new Tables(deployed, stored);
    const sandboxes = new Sandboxes(deployed);
    const answerTo = async (asked: Asked): Promise<Answer> => {
      const operation = /^DynamoDB_\w+\.(\w+Item)$/.exec(String(asked.headers['x-amz-target'] ?? ''))?.[1];
      if (operation) {
        const { TableName, Key, Item } = JSON.parse(asked.body.toString());
        await tables.made(TableName, asked.headers);
        const refused = await permissions.refusalOf(asked.headers, { operation, TableName, key: Key ?? Item });
        return refused ?? stored(asked);
      }
      const invoked = /^\/2015-03-31\/functions\/([^/]+)\/(invocations|code)/.exec(asked.path);
      if (invoked?.[2] === 'invocations') return sandboxes.invoke(invoked[1] ?? '', asked);
      if (invoked?.[2] === 'code') sandboxes.keepCode(invoked[1] ?? '', JSON.parse(asked.body.toString()).ZipFile);
      return deployed(asked);
    };
    const server = createServer((incoming, outgoing) => void serve(incoming, outgoing, answerTo));
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const cloud = new Cloud(aws, dynamodb, server, sandboxes);
    sandboxes.endpoint = cloud.endpoint;
    return cloud;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** For a process that is to come here, and to no real account. */
  get environment(): Record<string, string> {
    return { ...this.aws.environment, AWS_ENDPOINT_URL: this.endpoint };
  }

  deployed(): ReturnType<FakeAws['deployed']> {
    return this.aws.deployed();
  }

  async stop(): Promise<void> {
    await this.sandboxes.stop();
    this.server.closeAllConnections();
    this.server.close();
    await this.dynamodb.stop();
    await this.aws.stop();
  }
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answerTo: (asked: Asked) => Promise<Answer>,
): Promise<void> {
  const { method = 'GET', url: path = '/', headers } = incoming;
  try {
    const { status, headers: more, body } = await answerTo({ method, path, headers, body: await bodyOf(incoming) });
    const { connection: _, 'transfer-encoding': __, 'content-length': ___, ...kept } = more;
    outgoing.writeHead(status, { ...kept, 'content-length': body.length });
    outgoing.end(body);
  } catch (error) {
    outgoing.writeHead(500, { 'content-type': 'text/plain' });
    outgoing.end(String(error));
  }
}

function forwardTo(endpoint: string): Forward {
  return ({ method, path, headers, body }) =>
    new Promise((resolve, reject) => {
      const sent = request(new URL(path, endpoint), { method, headers }, (incoming) => {
        bodyOf(incoming).then(
          (answered) => resolve({ status: incoming.statusCode ?? 500, headers: incoming.headers, body: answered }),
          reject,
        );
      });
      sent.once('error', reject);
      sent.end(body);
    });
}

async function bodyOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
