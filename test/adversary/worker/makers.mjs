import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';

/**
 * The ways to the table in one process: two copies of the package (ES modules and CommonJS), each by the process's
 * default client and by one of the user's own.
 */
export async function makersOf({ plan, endpoint, permits, require, onEvent, journal }) {
  const copies = [await import('cdk-lynk/runtime'), require('cdk-lynk/runtime')];
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'adversary', secretAccessKey: 'adversary' },
  });
  const connections = [undefined, client];
  return {
    makers: copies.flatMap((copy) =>
      connections.map((own) => new Maker(copy, own, client, { plan, permits, onEvent, journal })),
    ),
    close: () => client.destroy(),
  };
}

class Maker {
  factories = new Map();

  constructor(copy, own, client, { plan, permits, onEvent, journal }) {
    this.package = copy;
    this.client = client;
    this.permitCount = permits;
    const logger = { debug() {}, info() {}, warn: (message) => journal('warned', { message }) };
    this.settings = {
      logger,
      observers: [{ onLockEvent: onEvent }],
      clockToleranceSeconds: Number(plan.toleranceSeconds),
      ...(own && { client: own }),
    };
    this.several = copy.getLockFactory('locks', this.settings);
  }

  factoryFor({ name, leaseSeconds, fencing }) {
    const made =
      this.factories.get(name) ?? this.package.getLockFactory('locks', { ...this.settings, leaseSeconds, fencing });
    this.factories.set(name, made);
    return made;
  }

  sticky({ name, leaseSeconds, fencing }, idleSeconds) {
    const factory = this.factoryFor({ name, leaseSeconds, fencing });
    return this.package.stickyLock(name, {
      factory,
      leaseSeconds,
      waitSeconds: 2,
      releaseReserveSeconds: 0.3,
      idleSeconds,
    });
  }

  permits({ name, leaseSeconds }) {
    return this.several.createSemaphore(name, { permits: this.permitCount, leaseSeconds });
  }

  transact(TransactItems) {
    return this.client.send(new TransactWriteItemsCommand({ TransactItems }));
  }
}
