import { type InvocationContext, tryWithLock } from '../../runtime/index.js';
import { reports } from './report.js';

/** What the schedule sends: at least once, so now and then twice. */
export interface Trigger {
  readonly time: string;
}

/**
 * A job that runs once, though it may be triggered twice. The lock stays taken for 5 minutes, however soon the job is
 * done: a second trigger finds it taken and goes home. If the job throws, the lock is free at once, and Lambda's retry
 * a minute later does it.
 */
export async function handler({ time }: Trigger, context: InvocationContext): Promise<string> {
  const options = { context, leaseSeconds: 20, lockAtLeastSeconds: 300 };
  const outcome = await tryWithLock('nightly-report', options, ({ signal }) => reports.make(time, { signal }));
  return outcome.acquired ? 'made' : `left to ${outcome.holder.hostIdentifier}`;
}
