import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory } from 'cdk-lynk/runtime';
import { withDurableLock } from 'cdk-lynk/runtime/durable';
import { Beliefs } from './parties.mjs';
import { LocalExecution } from './service.mjs';

/** What an invocation that is over may still do, where the execution goes on without waiting for its result. */
const LEASE_SECONDS = 3;
const ONCE = { semantics: 'AT_MOST_ONCE_PER_RETRY', retryStrategy: () => ({ shouldRetry: false }) };

const factory = getLockFactory();
const beliefs = new Beliefs();

/** A step that runs at most once is interrupted, and its invocation runs on. */
async function interrupted(name, goOn) {
  let ran = 0;
  const work = async (hold) => {
    ran += 1;
    setTimeout(() => local.dropNow(), 200);
    await beliefs.work(hold, name, 5000);
  };
  const handler = (_, context) =>
    withDurableLock(context, name, { factory, leaseSeconds: LEASE_SECONDS }, async (held) => {
      const error = await held.step('once', work, ONCE).catch((failed) => failed);
      return goOn(held, [error.name, error.cause?.name]);
    });
  const local = new LocalExecution(handler);
  let isOver = false;
  const contender = (async () => {
    // Not before: it asks more often than an execution does, and would be granted the lock again and again.
    while (ran === 0) await sleep(20);
    for (let grant = 1; !isOver; grant += 1) {
      await factory.tryWithLock(name, (hold) => beliefs.work(hold, `contender ${grant}`, 300));
      await sleep(20);
    }
  })();
  const { Result, Error: error } = await local.run();
  await sleep(2500);
  isOver = true;
  await contender;
  return { result: Result ?? error, ran };
}

/** Of two children the first to begin ends last, and a replay runs neither of them again. */
async function children(name) {
  const handler = (_, context) =>
    withDurableLock(context, name, { factory, leaseSeconds: LEASE_SECONDS, fencing: true }, async (held) => {
      const late = held.runInChildContext('late', async (child, inner) => {
        await child.wait('a while', { seconds: 2 });
        return inner.step('late', async () => 'late');
      });
      const early = held.runInChildContext('early', (_child, inner) => inner.step('early', async () => 'early'));
      const results = await Promise.all([late, early]);
      await context.wait('suspended', { seconds: 1 });
      return [...results, await held.step('last', async () => 'last')];
    });
  const { Result, Error: error } = await new LocalExecution(handler).run();
  return Result ?? error;
}

const [givenBack, goneOn, ofChildren] = await Promise.all([
  interrupted('given back', async (_, error) => error),
  interrupted('gone on', async (held, error) => {
    await held.wait('gap', { seconds: 1 });
    await held.step('next', (hold) => beliefs.work(hold, 'gone on', 500));
    return error;
  }),
  children('children'),
]);
console.log(JSON.stringify({ givenBack, goneOn, ofChildren, overlaps: beliefs.overlaps.slice(0, 5) }));
process.exit();
