import { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** How a store reaches DynamoDB. */
export interface Connection {
  /** The client; made only when first asked for. */
  client(): DynamoDBClient;
}

/** DynamoDB answers within milliseconds; one that has not by then will not, and the next attempt may. */
const CONNECT_LIMIT_MS = 1000;
const REQUEST_LIMIT_MS = 1500;

let shared: Connection | undefined;
const connections = new WeakMap<DynamoDBClient, Connection>();

/**
 * The connection of a client, or without one that of the default client, of which a process has one. The
 * default client takes region, endpoint and credentials from the usual environment.
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
      // Without this, a request over its limit is only warned about.
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true },
      httpsAgent: { keepAlive: true },
    },
  });
}
