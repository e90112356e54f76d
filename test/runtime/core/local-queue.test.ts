import { LocalQueue } from '../../../runtime/core/local-queue.js';

describe('a place in the local queue', () => {
  test('lets go of who asked for the lock once it is granted', () => {
    const waiter = new LocalQueue().join();
    waiter.asker = { unanswered: () => 'no answer' };
    expect(waiter.doubt).toBe('no answer');

    waiter.grant({
      describe: () => {
        throw new Error('nobody asks who holds it');
      },
    });

    expect(waiter.asker).toBeUndefined();
    expect(waiter.doubt).toBeUndefined();
  });
});
