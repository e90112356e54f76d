import { getLockFactory, type InvocationContext } from '../../runtime/index.js';

interface Orders {
  readonly api: string;
  readonly orders: readonly number[];
}

/** An API that bears no more than three calls at a time, however many functions there are. */
const partnerApi = getLockFactory().createSemaphore('partner-api', { permits: 3, waitSeconds: 60 });

/** Reports orders to it, as many at once as it has permits for. */
export async function handler({ api, orders }: Orders, context: InvocationContext): Promise<string[]> {
  const calls = orders.map((order) =>
    partnerApi.withPermit({ context }, async (permit) => {
      const answer = await fetch(`${api}?order=${order}`, { signal: permit.signal });
      if (!answer.ok) throw new Error(`order ${order}: ${answer.status}`);
      return `order ${order}: ${await answer.text()}`;
    }),
  );
  // Not at the first failure: calls that go on after the answer are frozen, and their permits with them.
  await Promise.allSettled(calls);
  return Promise.all(calls);
}
