import { LocalLock } from '../../../runtime/core/local-queue.js';

describe('a place in the local queue', () => {
  test('lets go of who asked for the lock once it is granted', () => {
    const place = new LocalLock().join();
    place.asker = { unanswered: () => 'no answer' };
    expect(place.doubt).toBe('no answer');

    place.grant({
      describe: () => {
        throw new Error('nobody asks who holds it');
      },
    });

    expect(place.asker).toBeUndefined();
    expect(place.doubt).toBeUndefined();
  });
});
