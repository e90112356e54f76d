import { getLockFactory } from 'cdk-lynk/runtime';
import { withDurableLock } from 'cdk-lynk/runtime/durable';
import { Beliefs } from './parties.mjs';
import { LocalExecution } from './service.mjs';

/** Drops an invocation at each checkpoint of an execution, before it is stored and after. */
const LEASE_SECONDS = 3;
/** More than such an execution has. */
const MOST_CHECKPOINTS = 18;
const STEPS = ['one', 'within', 'two'];

const factory = getLockFactory();
const beliefs = new Beliefs();

function execution(name, drop) {
  const ran = { one: 0, within: 0, two: 0 };
  const tokens = new Set();
  const step = (held, title) =>
    held.step(title, async (hold) => {
      ran[title] += 1;
      tokens.add(String(hold.fencingToken));
      await beliefs.work(hold, name, 500);
      return title;
    });
  const handler = (_, context) => {
    const options = { factory, leaseSeconds: LEASE_SECONDS, waitSeconds: 60, fencing: true };
    return withDurableLock(context, name, options, async (held) => {
      const results = [await step(held, 'one')];
      await held.wait('gap', { seconds: 2 * LEASE_SECONDS });
      results.push(await held.runInChildContext('child', (_child, inner) => step(inner, 'within')));
      results.push(
        await held.waitForCallback('answer', async (id) => setTimeout(() => local.succeed(id, 'answered'), 200)),
      );
      results.push(await step(held, 'two'));
      tokens.add(String(held.fencingToken));
      return results;
    });
  };
  const local = new LocalExecution(handler, { drop });
  return { local, ran, tokens };
}

async function outcome(name, drop) {
  const { local, ran, tokens } = execution(name, drop);
  const { Status, Result, Error: error } = await local.run();
  const waits = [...local.operations.values()].filter(({ Type }) => Type === 'WAIT');
  const seconds = ({ WaitDetails, StartTimestamp }) =>
    Math.round((WaitDetails.ScheduledEndTimestamp - StartTimestamp) / 1000);
  const sum = (title) =>
    waits.filter(({ Name }) => Name.endsWith(title)).reduce((total, wait) => total + seconds(wait), 0);
  const left = await factory.inspect(name);
  return {
    status: Status,
    result: Result ?? error,
    tokens: tokens.size,
    ran,
    // An answer that came late is no contention.
    contended: [...local.operations.values()].filter(({ StepDetails }) => StepDetails?.Result?.includes('"holders":[{'))
      .length,
    pausedSeconds: sum(': pause'),
    isFree: left?.holder === undefined,
  };
}

const numbers = Array.from({ length: MOST_CHECKPOINTS }, (_, index) => index + 1);
const crashed = await Promise.all(
  numbers.flatMap((number) =>
    ['before', 'after'].map(async (moment) => {
      let inside;
      const drop = (now, updates) => {
        if (now !== number) return undefined;
        // The start of a step is stored while it runs.
        inside = updates.some(
          ({ Name, Action }) => STEPS.includes(Name) && (Action === 'START' || moment === 'before'),
        );
        return moment;
      };
      return { moment, number, ...(await outcome(`crash ${moment} ${number}`, drop)), inside };
    }),
  ),
);
console.log(JSON.stringify({ leaseSeconds: LEASE_SECONDS, crashed, overlaps: beliefs.overlaps }));
process.exit();
