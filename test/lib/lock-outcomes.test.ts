import { isStillProtected, jsonata } from '../../lib/entry-requests.js';
import { lost } from '../../lib/lock-outcomes.js';
import { SHARED } from './entry-execution.js';
import { evaluated } from './jsonata.js';

const SENT = Date.UTC(2026, 10, 24, 12);

/** What an execution makes of a release that found nothing of its own, `afterMs` after it took the lock. */
function outcome(afterMs: number, execution: object) {
  const sight = {
    variables: { lock: { name: 'ledger', sentMs: SENT, leaseMs: 60_000 } },
    states: { context: { Execution: execution } },
    nowMs: SENT + afterMs,
  };
  return Promise.all([evaluated(jsonata(isStillProtected(SHARED)), sight), evaluated(lost(SHARED), sight)]);
}
const redrivenAt = (ms: number) => ({ RedriveCount: 1, RedriveTime: new Date(ms).toISOString() });

test.each([
  ['never redriven', { RedriveCount: 0 }],
  ['redriven before it took the lock', redrivenAt(SENT - 1000)],
])('within the lease, an execution that was %s has lost nothing', async (_, execution) => {
  expect(await outcome(59_000, execution)).toEqual([true, expect.anything()]);
});

test('past its lease it may have, and says so', async () => {
  const cause =
    "lock 'ledger' in table 'locks' was lost: its lease of 60 s was over, and others have taken it, before it was " +
    'released, 61 s after it was taken';
  expect(await outcome(61_000, { RedriveCount: 0 })).toEqual([false, { Error: 'LockLostError', Cause: cause }]);
});

test('an execution that ended while it held the lock, and was redriven, has lost it', async () => {
  const cause =
    "lock 'ledger' in table 'locks' was lost: the execution ended while it held it, and a redrive does not take it again";
  expect(await outcome(30_000, redrivenAt(SENT + 20_000))).toEqual([false, { Error: 'LockLostError', Cause: cause }]);
});
