import { LocalQueue } from '../../../runtime/core/local-queue.js';
import type { WaitBudget } from '../../../runtime/core/wait-budget.js';

describe('a place in the local queue', () => {
  test('lets go of who asked for the lock once it is granted', () => {
    const waiter = new LocalQueue().join();
    waiter.budget = { unanswered: () => 'no answer' } as WaitBudget;
    expect(waiter.doubt).toBe('no answer');

    waiter.grant({
      isHeld: true,
      describe: () => {
        throw new Error('nobody asks who holds it');
      },
    });

    expect(waiter.budget).toBeUndefined();
    expect(waiter.doubt).toBeUndefined();
  });
});
