import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
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

/** What a request tells its attempts, and the last of them tells the request. */
interface Trip {
  readonly abortSignal?: AbortSignal;
  /** The `Date` of the answer. */
  dateMs?: number | undefined;
}

/** A middleware that is the last, and runs once an attempt. */
const LAST = { step: 'deserialize', priority: 'low', name: 'lynkDate' } as const;

/** Reaches DynamoDB by a client of the AWS SDK. */
export class SdkConnection implements Connection {
  /**
   * @param client The client. It is made at the first call.
   * @param prepared sees to it that a request goes through `attempt`, and returns its options
   */
  constructor(
    readonly client: () => DynamoDBClient,
    private readonly prepared = dressed,
  ) {}

  async send(operation: Operation, input: object, signal: AbortSignal): Promise<Reply> {
    const command = new (commands[operation] as CommandClass)(input as never);
    const trip: Trip = { abortSignal: signal };
    const options = this.prepared(command, trip);
    try {
      const output: Output | undefined = await this.client().send(command, options);
      // A mock without an answer does this.
      if (!output) throw new TypeError('its method send resolved to no answer');
      return { dateMs: trip.dateMs, output };
    } catch (error) {
      if (isUnmet(error)) return { dateMs: trip.dateMs, output: {}, unmet: error };
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

/** For a client of the user's own: the command brings the middleware along. */
function dressed(command: GetItemCommand, trip: Trip): { readonly abortSignal?: AbortSignal } | undefined {
  command.middlewareStack.add((next) => (args) => attempt(trip, args.request, () => next(args)), LAST);
  return { abortSignal: trip.abortSignal as AbortSignal };
}

/** Sends one attempt of a request. */
async function attempt<R extends { response: unknown }>(
  trip: Trip,
  request: unknown,
  sent: () => Promise<R>,
): Promise<R> {
  // The last answer's clock counts.
  trip.dateMs = undefined;
  refuseWithoutProtocol(request);
  const result = await sent();
  const { statusCode = 0, headers } = result.response as { statusCode?: number; headers?: Record<string, string> };
  // The SDK takes an empty answer for success.
  if (statusCode < 300) refuseForeignAnswer(headers);
  trip.dateMs = parseDateHeader(headers?.['date']);
  return result;
}

/**
 * The connection of a client, or else of the default client, which a process shares. The default client takes
 * region, endpoint and credentials from the usual environment.
 */
export const connectionOf = /* @__PURE__ */ connectionEach<DynamoDBClient, SdkConnection>((client) =>
  client ? new SdkConnection(() => client) : ownConnection(),
);

/** The same, with the commands that only a factory sends: a bundle of `withLock` has none of them. */
export function factoryConnectionOf(client: DynamoDBClient | undefined): SdkConnection {
  commands.BatchGetItem = BatchGetItemCommand;
  commands.Scan = ScanCommand;
  return connectionOf(client);
}

/**
 * A connection by a client of its own, which is tuned for locks (docs/decisions/0009).
 * @param config what the environment does not say
 */
export function ownConnection(config?: DynamoDBClientConfig): SdkConnection {
  const trips = new WeakMap<object, Trip>();
  let made: DynamoDBClient | undefined;
  const client = (): DynamoDBClient => {
    made ??= tuned(trips, config);
    return made;
  };
  // A signal among the options would have the SDK make the command's handler anew.
  return new SdkConnection(client, ({ input }, trip) => void trips.set(input, trip));
}

function tuned(trips: WeakMap<object, Trip>, config?: DynamoDBClientConfig): DynamoDBClient {
  const client = new DynamoDBClient({
    // The handler of each command is made once.
    cacheMiddleware: true,
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      // Without this, the SDK only warns about a request over its limit.
      throwOnRequestTimeout: true,
    },
    ...config,
  });
  client.middlewareStack.add(
    () =>
      ({ input, request }) => {
        const trip = trips.get(input) ?? {};
        return attempt(trip, request, () => client.config.requestHandler.handle(request as never, trip));
      },
    LAST,
  );
  return client;
}
