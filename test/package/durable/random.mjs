import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory } from 'cdk-lynk/runtime';
import { withDurableLock } from 'cdk-lynk/runtime/durable';
import { Beliefs, faultyClient, randomFrom } from './parties.mjs';
import { LocalExecution } from './service.mjs';

/** Random executions, whose invocations are dropped at checkpoints and in between, beside ordinary processes. */
const [EXECUTIONS, AT_ONCE, LOCKS, PROCESSES, LEASE_SECONDS] = [200, 60, 30, 6, 2];
/** Of the checkpoints, and of the requests to DynamoDB. */
const [DROPPED, LOST, LATE] = [0.05, 0.02, 0.01];

const isControl = process.argv[2] === 'until-overlap';
const seed = Date.now() % 1_000_000;
const random = randomFrom(seed);
const pick = (from) => from[Math.floor(random() * from.length)];
const client = faultyClient(random, { lost: LOST, late: LATE });
const beliefs = new Beliefs();
const counts = { dropped: 0, timedOut: 0 };
let running = EXECUTIONS;

async function execution(number) {
  const who = `execution ${number}`;
  const name = `lock ${number % LOCKS}`;
  const kinds = Array.from({ length: 2 + Math.floor(random() * 3) }, () =>
    pick(['step', 'step', 'wait', 'child', 'once']),
  );
  const plan = kinds.map((kind) => ({ kind, ms: 50 + random() * 400, failures: random() < 0.2 ? 1 : 0, ran: 0 }));
  const step = (held, part, index) =>
    held.step(
      `part ${index}`,
      async (hold) => {
        part.ran += 1;
        await beliefs.work(hold, who, part.ms);
        if (part.failures-- > 0) throw new Error('once more');
      },
      {
        semantics: part.kind === 'once' ? 'AT_MOST_ONCE_PER_RETRY' : 'AT_LEAST_ONCE_PER_RETRY',
        retryStrategy: (_, attempt) => ({ shouldRetry: attempt < 9, delay: { seconds: 1 } }),
      },
    );
  const run = (held, part, index) => {
    if (part.kind === 'wait') return held.wait(`part ${index}`, { seconds: 1 + (index % 2) });
    if (part.kind === 'child') return held.runInChildContext(`part ${index}`, (_, inner) => step(inner, part, index));
    return step(held, part, index);
  };
  const handler = (_, context) => {
    // A factory for each invocation: it observes on its own, as another sandbox does.
    const factory = getLockFactory(undefined, { client });
    const options = {
      factory,
      leaseSeconds: LEASE_SECONDS,
      waitSeconds: 600,
      maxPollSeconds: 2,
      fencing: number % LOCKS < LOCKS / 2,
    };
    return withDurableLock(context, name, options, async (held) => {
      for (const [index, part] of plan.entries()) await run(held, part, index);
    });
  };
  const local = new LocalExecution(handler, {
    drop: () => {
      if (random() >= DROPPED) return undefined;
      counts.dropped += 1;
      return pick(['before', 'after']);
    },
    // Most go on at once. Some come so late that another may have taken the lock.
    restartMs: () => (random() < 0.9 ? random() * 300 : random() * LEASE_SECONDS * 2500),
  });
  let isOver = false;
  void (async () => {
    while (!isOver) {
      await sleep(random() * 6000, undefined, { ref: false });
      if (local.dropNow()) counts.timedOut += 1;
    }
  })();
  const { Status, Error: error } = await local.run();
  isOver = true;
  running -= 1;
  const missed = plan.filter(({ kind, ran }) => kind !== 'wait' && ran === 0).length;
  return { status: Status, error: error && `${error.ErrorType}: ${error.ErrorMessage}`, missed };
}

async function contend(number) {
  const factory = getLockFactory(undefined, { client });
  const fencing = number % LOCKS < LOCKS / 2;
  let granted = 0;
  while (running > 0) {
    await sleep(random() * 1000);
    try {
      await factory.tryWithLock(`lock ${number % LOCKS}`, { leaseSeconds: LEASE_SECONDS, fencing }, (hold) =>
        beliefs.work(hold, `process ${number}, grant ${++granted}`, 300),
      );
    } catch (error) {
      if (!['LockUnavailableError', 'LockLostError'].includes(error.name)) throw error;
    }
  }
  return granted;
}

const isFound = () => isControl && beliefs.overlaps.length > 0;
const outcomes = [];
let begun = 0;
async function untilFound() {
  while (!isFound()) await sleep(100);
}

const executions = Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (begun < EXECUTIONS && !isFound()) outcomes.push(await execution(begun++));
  }),
);
const processes = Promise.all(Array.from({ length: PROCESSES }, (_, number) => contend(number)));
await (isControl ? Promise.race([executions, untilFound()]) : executions);
const tally = {};
for (const { status, error } of outcomes) {
  const kind = status === 'SUCCEEDED' ? status : error.split(':', 1)[0];
  tally[kind] = (tally[kind] ?? 0) + 1;
}
const unexpected = outcomes.filter(({ status, error, missed }) =>
  status === 'SUCCEEDED' ? missed > 0 : !error.startsWith('LockLostError'),
);
const granted = isControl ? 0 : (await processes).reduce((sum, each) => sum + each, 0);
console.log(
  JSON.stringify({
    seed,
    tally,
    ...counts,
    works: beliefs.works,
    granted,
    unexpected,
    overlaps: beliefs.overlaps.slice(0, 10),
  }),
);
process.exit();
