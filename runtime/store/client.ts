import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** How a store reaches DynamoDB. */
export interface Connection {
  /** The client. It is made at the first call. */
  client(): DynamoDBClient;
}

/** DynamoDB answers within milliseconds. After this time no answer will come, but the next attempt may get one. */
const CONNECT_LIMIT_MS = 1000;
const REQUEST_LIMIT_MS = 1500;

let shared: Connection | undefined;
const connections = new WeakMap<DynamoDBClient, Connection>();

/**
 * The connection of a client, or else of the default client, which a process shares. The default client takes
 * region, endpoint and credentials from the usual environment.
 */
export function connectionOf(client: DynamoDBClient | undefined): Connection {
  if (!client) {
    shared ??= lazily(defaultClient);
    return shared;
  }
  let connection = connections.get(client);
  if (!connection) {
    connection = { client: () => client };
    connections.set(client, connection);
  }
  return connection;
}

function lazily(make: () => DynamoDBClient): Connection {
  let made: DynamoDBClient | undefined;
  return {
    client: () => {
      made ??= make();
      return made;
    },
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
