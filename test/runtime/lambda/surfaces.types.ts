/** What compiles and what does not; `npm run types` fails where a line that is to be refused compiles. */
import {
  type InvocationContext,
  locked,
  makeLocked,
  stickyLock,
  tryWithLock,
  withLock,
} from '../../../runtime/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function isTrue<_ extends true>(): void {}

export async function resultTypes(context: InvocationContext): Promise<void> {
  const value = await withLock('a', { context, leaseSeconds: 'invocation' }, () => 'text' as const);
  isTrue<Equal<typeof value, 'text'>>();
  const tried = await tryWithLock('a', async () => 1);
  if (tried.acquired) isTrue<Equal<typeof tried.value, number>>();

  const throwing = makeLocked((id: number) => Promise.resolve(id), { name: (id) => `${id}` });
  isTrue<Equal<typeof throwing, (id: number) => Promise<number>>>();
  const skipping = makeLocked((id: number) => id, { name: 'a', onNotGranted: 'skip' });
  isTrue<Equal<typeof skipping, (id: number) => Promise<number | undefined>>>();
  const answering = makeLocked((id: number) => id, { name: 'a', onNotGranted: (holder, id) => `${holder} ${id}` });
  isTrue<Equal<typeof answering, (id: number) => Promise<number | string>>>();
  const used = await stickyLock('a').use(context, async (held) => held.remainingSeconds);
  isTrue<Equal<typeof used, number>>();
}

export async function refused(context: InvocationContext): Promise<void> {
  // @ts-expect-error an unknown option
  await withLock('a', { waitSecond: 1 }, () => 1);
  // @ts-expect-error a duration in words
  await withLock('a', { leaseSeconds: '10 s' }, () => 1);
  // @ts-expect-error milliseconds by name
  await withLock('a', { context, releaseReserveMs: 1000 }, () => 1);
  // @ts-expect-error no context
  await withLock('a', { context: { awsRequestId: 'r' } }, () => 1);
  // @ts-expect-error a name of another argument's type
  makeLocked((id: number) => id, { name: (id: string) => id });
  // @ts-expect-error none of the three
  makeLocked((id: number) => id, { name: 'a', onNotGranted: 'ignore' });
  // @ts-expect-error a sticky lock outlasts invocations
  stickyLock('a', { leaseSeconds: 'invocation' });
}

export class Decorated {
  @locked({ name: ({ id }: { id: number }) => `${id}` })
  async run(event: { id: number }, _: InvocationContext): Promise<number> {
    return event.id;
  }

  @locked({ name: 'a' })
  async bare(): Promise<void> {}

  // @ts-expect-error the name is made of another event
  @locked({ name: ({ id }: { id: number }) => `${id}` })
  async other(_: string): Promise<void> {}

  // @ts-expect-error waiting for a lock is asynchronous
  @locked({ name: 'a' })
  sync(): number {
    return 1;
  }
}
