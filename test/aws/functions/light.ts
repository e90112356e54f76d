import { setTimeout as sleep } from 'node:timers/promises';
import { type InvocationContext, stickyLock, withLock } from '../../../runtime/light/index.js';
import type { Report, Task } from './task.js';
import { report, work } from './work.js';

/** Short, as others wait for it to end. */
const leaseSeconds = 5;
const kept = stickyLock('frozen', { leaseSeconds });

/** By `cdk-lynk/runtime/light`. */
export async function handler(task: Task, context: InvocationContext): Promise<Report> {
  const { lock = '', stay } = task;
  // Without the context, nothing ends the hold before Lambda ends the invocation.
  if (stay === 'until time-out') await withLock(lock, { leaseSeconds }, () => sleep(3_600_000));
  else if (stay === 'between invocations') await kept.use(context, () => work(task));
  else await withLock(lock, { context, waitSeconds: 50 }, () => work(task));
  return report();
}
