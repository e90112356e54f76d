import { type DurableContext, StepSemantics, withDurableExecution } from '@aws/durable-execution-sdk-js';
import { tryWithDurableLock, withDurableLock, withDurablePermit } from 'cdk-lynk/runtime/durable';

/** A held lock's methods have the types of the SDK's: were they `any`, no mistake would be one. */
export const handler = withDurableExecution(async (event: { id: string }, context: DurableContext) =>
  withDurableLock(context, `account/${event.id}`, { leaseSeconds: 30, waitSeconds: 7 * 86_400 }, async (held) => {
    const attempts: number = await held.step(
      'charge',
      async (hold, step) => {
        step.logger.info(`for ${hold.remainingSeconds} s more`);
        // @ts-expect-error a step is given no signal: that is the hold's
        step.signal;
        return step.attempt;
      },
      {
        semantics: StepSemantics.AtMostOncePerRetry,
        retryStrategy: (error, attempt) => ({
          shouldRetry: error.message !== '' && attempt < 3,
          delay: { seconds: 1 },
        }),
      },
    );
    await held.wait('settle', { hours: 6 });
    // @ts-expect-error a time is no number
    await held.wait('settle', 6);
    const answer: string = await held.waitForCallback('approval', async (id, { logger }) => logger.info(id), {
      timeout: { days: 30 },
    });
    const inner: string = await held.runInChildContext('child', async (child, own) => {
      await child.step('outside', async () => 1);
      return own.step(async () => 'inside');
    });
    const count = await held.waitForCondition('ready', async (state: number) => state + 1, {
      initialState: 0,
      waitStrategy: (state) =>
        state > 3 ? { shouldContinue: false } : { shouldContinue: true, delay: { minutes: 1 } },
    });
    const sent = await held.invoke<{ to: string }, { at: number }>('mail', 'mail:1', { to: answer });
    // @ts-expect-error what the condition ends with is a number
    const text: string = count;
    return [attempts, answer, inner, count, sent.at, text, held.fencingToken.toString()] as const;
  }),
);

export const once = withDurableExecution(async (_: unknown, context: DurableContext) => {
  const outcome = await tryWithDurableLock(context, 'nightly', (held) => held.step('report', async () => 1));
  // @ts-expect-error there is a value only if the lock was acquired
  outcome.value;
  // @ts-expect-error a permit is one of so many
  await withDurablePermit(context, 'tenant', {}, async () => 2);
  return outcome.acquired ? outcome.value : `${outcome.holder}`;
});
