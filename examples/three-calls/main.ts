import { getLockFactory } from '../../runtime/index.js';

/**
 * Calls an API that bears no more than three calls at a time, however many processes or functions there are.
 * The table's name is in `LYNK_TABLE_NAME`. Arguments: the API's address, and how many calls to make.
 */
const [api = '', calls = '1'] = process.argv.slice(2);
const partnerApi = getLockFactory().createSemaphore('partner-api', { permits: 3, waitSeconds: 60 });

async function call(order: number): Promise<void> {
  const text = await partnerApi.withPermit(async (permit) => {
    const answer = await fetch(`${api}?order=${order}`, { signal: permit.signal });
    return answer.text();
  });
  console.log(`order ${order}: ${text}`);
}

await Promise.all(Array.from({ length: Number(calls) }, (_, order) => call(order)));
