import type { HeldLock, HeldLocks, LockFactory, Semaphore } from '../../runtime/index.js';

/** Compiled, never called: what is wrong here is wrong for users, too, and `npm run types` says so. */
async function typesOf(factory: LockFactory, semaphore: Semaphore): Promise<void> {
  const fromPermit: number = await semaphore.withPermit(async (permit: HeldLock) => permit.name.length);
  const tried: HeldLock | undefined = await semaphore.tryAcquire();
  const fromSeveral: string = await factory.withLocks(['a'] as const, (held: HeldLocks) => String(held.isHeld));
  const flown: { token: string } = await factory.singleFlight('a', { freshSeconds: 60 }, () => ({ token: 'a' }));
  // @ts-expect-error a semaphore has permits
  factory.createSemaphore('a', {});
  // @ts-expect-error one try does not wait
  await semaphore.tryAcquire({ waitSeconds: 1 });
  // @ts-expect-error several names are a list
  await factory.withLocks('a', () => {});
  // @ts-expect-error it says how old a result may be
  await factory.singleFlight('a', {}, () => 1);
  // @ts-expect-error the result is what the work resolves to
  const wrong: string = await factory.singleFlight('a', { freshSeconds: 60 }, () => 1);
  void [fromPermit, tried, fromSeveral, flown, wrong];
}

test('what has to compile, and what must not, is there to be compiled', () => {
  expect(typesOf).toBeInstanceOf(Function);
});
