import middy from '@middy/core';
import { getLockFactory } from '../../../runtime/index.js';
import { lockMiddleware } from '../../../runtime/middy/index.js';
import { lockPowertools } from '../../../runtime/powertools/index.js';
import type { Report, Task } from './task.js';
import { report, work } from './work.js';

const factory = getLockFactory(undefined, { ...lockPowertools({ serviceName: 'test' }), waitSeconds: 50 });

async function count(task: Task): Promise<Report> {
  await work(task);
  return report();
}

/** By `cdk-lynk/runtime/middy` and `powertools`. It may take some locks, and no others. */
export const handler = middy(count).use(lockMiddleware<Task>({ factory, name: ({ lock = '' }) => lock }));
