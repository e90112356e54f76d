import { type InvocationContext, withLock } from '../../../runtime/index.js';
import { frontEnds } from './dates.js';
import type { Report, Task } from './task.js';
import { report, work } from './work.js';

/** By `cdk-lynk/runtime`. */
export async function handler(task: Task, context: InvocationContext): Promise<Report> {
  if (task.dates !== undefined) return report({ dates: await frontEnds(task.dates) });
  if (task.lock === undefined) await work(task);
  else await withLock(task.lock, { context, waitSeconds: 50 }, () => work(task));
  return report();
}
