import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { parseDateHeader } from '../protocol/server-clock.js';
import { type Connection, connectionEach, type Operation, type Output, type Reply } from './connection.js';
import { isUnmet } from './failure.js';
import { CONNECT_LIMIT_MS, REQUEST_LIMIT_MS } from './limits.js';
import { refuseForeignAnswer, refuseWithoutProtocol } from './transit.js';

// The types of the commands differ; any of them will do here.
type CommandClass = new (input: never) => GetItemCommand;

const commands: { [O in Operation]?: unknown } = {
  UpdateItem: UpdateItemCommand,
  DeleteItem: DeleteItemCommand,
  GetItem: GetItemCommand,
  TransactWriteItems: TransactWriteItemsCommand,
};

/** Reaches DynamoDB by a client of the AWS SDK. */
class SdkConnection implements Connection {
  /** @param client The client. It is made at the first call. */
  constructor(readonly client: () => DynamoDBClient) {}

  async send(operation: Operation, input: object, signal: AbortSignal): Promise<Reply> {
    const command = new (commands[operation] as CommandClass)(input as never);
    let dateMs: number | undefined;
    command.middlewareStack.add(
      (next) => async (args) => {
        // This runs once an attempt; the last answer's clock counts.
        dateMs = undefined;
        refuseWithoutProtocol(args.request);
        const result = await next(args);
        const { statusCode = 0, headers } = result.response as {
          statusCode?: number;
          headers?: Record<string, string>;
        };
        // The SDK takes an empty answer for success.
        if (statusCode < 300) refuseForeignAnswer(headers);
        dateMs = parseDateHeader(headers?.['date']);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'lynkDate' },
    );
    try {
      const output: Output | undefined = await this.client().send(command, { abortSignal: signal });
      // A mock without an answer does this.
      if (!output) throw new TypeError('its method send resolved to no answer');
      return { dateMs, output };
    } catch (error) {
      if (isUnmet(error)) return { dateMs, output: {}, unmet: error };
      throw error;
    }
  }

  async place(): Promise<readonly string[]> {
    const { config } = this.client();
    const endpoint = config.endpoint
      ? JSON.stringify(await config.endpoint())
      : (process.env['AWS_ENDPOINT_URL_DYNAMODB'] ?? process.env['AWS_ENDPOINT_URL'] ?? '');
    return [endpoint, await config.region()];
  }
}

/**
 * The connection of a client, or else of the default client, which a process shares. The default client takes
 * region, endpoint and credentials from the usual environment.
 */
export const connectionOf = /* @__PURE__ */ connectionEach<DynamoDBClient, SdkConnection>(
  (client) => new SdkConnection(client ? () => client : lazily(defaultClient)),
);

/** The same, with the commands that only a factory sends: a bundle of `withLock` has none of them. */
export function factoryConnectionOf(client: DynamoDBClient | undefined): SdkConnection {
  commands.BatchGetItem = BatchGetItemCommand;
  commands.Scan = ScanCommand;
  return connectionOf(client);
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function defaultClient(): DynamoDBClient {
  return new DynamoDBClient({
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      // Without this, the SDK only warns about a request over its limit.
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true },
      httpsAgent: { keepAlive: true },
    },
  });
}
