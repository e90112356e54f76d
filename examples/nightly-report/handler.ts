import { type InvocationContext, tryWithLock } from '../../runtime/index.js';
import { reports } from './report.js';

/** What EventBridge sends at the scheduled time: at least once, so now and then twice. */
export interface ScheduledEvent {
  readonly time: string;
}

/**
 * A job that runs once, though it may be triggered twice. The lock stays taken for 50 s, however soon the job is
 * done: a second trigger finds it taken and goes home. Lambda tries again a minute after a failure, and by then it is
 * free. A job that takes longer keeps it for as long as it takes.
 */
export async function handler({ time }: ScheduledEvent, context: InvocationContext): Promise<string> {
  const options = { context, leaseSeconds: 20, lockAtLeastSeconds: 50 };
  const outcome = await tryWithLock('nightly-report', options, ({ signal }) => reports.make(time, { signal }));
  return outcome.acquired ? 'made' : `left to ${outcome.holder.hostIdentifier}`;
}
