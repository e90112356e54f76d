import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { Consumer } from './consumer.js';
import { nodeOf } from './toolchains.js';

/** AWS's SDK for durable executions, its runner for tests, and the middy that has a mode for them. */
const DURABLE = [
  '@aws/durable-execution-sdk-js@2.4.0',
  '@aws/durable-execution-sdk-js-testing@1.1.4',
  '@middy/core@7.9.2',
] as const;

const PROGRAM = `
import { withDurableExecution } from '@aws/durable-execution-sdk-js';
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing';
import middy from '@middy/core';
import { executionModeDurableContext } from '@middy/core/executionModeDurableContext';
import { getLockFactory, makeLocked, stickyLock, withLock } from 'cdk-lynk/runtime';
import { lockMiddleware } from 'cdk-lynk/runtime/middy';

const SECOND = { seconds: 1 };
const paused = async (_, context) => {
  await context.wait(SECOND);
  return 'went on';
};
const runs = { begun: 0, ended: 0 };
const HANDLERS = {
  withLock: (_, context) => withLock('refused', { context }, () => context.wait(SECOND)),
  makeLocked: makeLocked(paused, { name: 'refused' }),
  'makeLocked in a child context': (_, context) =>
    context.runInChildContext('child', makeLocked((child) => child.wait(SECOND), { name: 'refused' })),
  stickyLock: (_, context) => stickyLock('refused').use(context, () => context.wait(SECOND)),
  middleware: middy({ executionMode: executionModeDurableContext })
    .use(lockMiddleware({ name: 'refused' }))
    .handler(paused),
  'inside a step': async (_, context) => {
    const step = async () => {
      const { lambdaContext } = context;
      return withLock('stepped', { context: lambdaContext, waitSeconds: 0 }, (held) => held.isHeld);
    };
    const before = await context.step('before', step);
    await context.wait(SECOND);
    return [before, await context.step('after', step)];
  },
  'not recognised': async (_, context) => {
    runs.begun += 1;
    try {
      return await withLock('kept', { leaseSeconds: 2, waitSeconds: 4 }, () => context.wait(SECOND));
    } finally {
      runs.ended += 1;
    }
  },
};

await LocalDurableTestRunner.setupTestEnvironment({ skipTime: false });
const outcomes = {};
for (const [name, handler] of Object.entries(HANDLERS)) {
  const handlerFunction = name === 'middleware' ? handler : withDurableExecution(handler);
  const execution = await new LocalDurableTestRunner({ handlerFunction }).run({ payload: {} });
  const status = execution.getStatus();
  outcomes[name] = status === 'SUCCEEDED' ? execution.getResult() : execution.getError().errorMessage;
}
const factory = getLockFactory();
const entries = await Promise.all(['refused', 'stepped', 'kept'].map((name) => factory.inspect(name)));
console.log(JSON.stringify({ outcomes, runs, isHeld: entries.map((entry) => entry?.holder !== undefined) }));
// The heartbeat of the abandoned handler goes on.
process.exit();
`;

let server: TestServer;
let client: DynamoDBClient;
const consumer = new Consumer();

beforeAll(async () => {
  server = await startServer();
  client = new DynamoDBClient(clientSettings(server.endpoint));
  await consumer.install(['@aws-sdk/client-dynamodb']);
  await consumer.add(DURABLE);
  consumer.write('durable.mjs', PROGRAM);
});
afterAll(async () => {
  client?.destroy();
  await server?.stop();
  consumer.remove();
});

test('a durable execution takes no lock across its waits, and each of its steps may take one', async () => {
  await createTable(client, lockTable('durable'));
  const env = { ...clientEnvironment(server.endpoint), LYNK_TABLE_NAME: 'durable' };
  const printed = await consumer.run(nodeOf(22), ['durable.mjs'], env);

  const refused = expect.stringMatching(/^context is that of a durable execution/);
  expect(JSON.parse(printed.trim().split('\n').at(-1) ?? '')).toEqual({
    outcomes: {
      withLock: refused,
      makeLocked: refused,
      'makeLocked in a child context': refused,
      stickyLock: refused,
      middleware: refused,
      'inside a step': [true, true],
      // What it is refused for: the replay waits for its own predecessor, whose hold is refreshed for good.
      'not recognised': expect.stringMatching(/^lock "kept" .* was not granted within 4 s: held by /),
    },
    runs: { begun: 2, ended: 1 },
    isHeld: [false, false, true],
  });
});
