import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory } from 'cdk-lynk/runtime';
import { withDurableLock } from 'cdk-lynk/runtime/durable';
import { LocalExecution } from './service.mjs';

/** `contention.mjs executions|process MARK`: who is inside makes the file MARK, which must not be there yet. */
const [LOCK, LEASE_SECONDS] = ['contended', 3];
const [role, mark] = process.argv.slice(2);
const enter = (who) => writeFileSync(mark, who, { flag: 'wx' });
const leave = () => unlinkSync(mark);

async function execution(who) {
  const handler = (_, context) => {
    const options = { factory: getLockFactory(), leaseSeconds: LEASE_SECONDS, waitSeconds: 600, maxPollSeconds: 1 };
    return withDurableLock(context, LOCK, options, async (held) => {
      await held.step('enter', async () => enter(who));
      await held.wait('suspended', { seconds: 2 * LEASE_SECONDS });
      await held.step('leave', async () => leave());
      return who;
    });
  };
  const { Status, Result, Error: error } = await new LocalExecution(handler).run();
  return [Status, Result ?? error];
}

async function grants() {
  const factory = getLockFactory();
  let granted = 0;
  while (!existsSync(`${mark}.over`) || granted === 0) {
    const { acquired } = await factory.tryWithLock(LOCK, { leaseSeconds: LEASE_SECONDS }, async () => {
      enter('a process');
      await sleep(100);
      leave();
    });
    if (acquired) granted += 1;
    await sleep(acquired ? 400 : 50);
  }
  return granted;
}

const run = { executions: () => Promise.all(['one', 'two'].map(execution)), process: grants }[role];
console.log(JSON.stringify(await run()));
process.exit();
