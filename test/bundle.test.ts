import { bundled, CODE } from '../bench/cold-start/bundles.js';

/** The files of ours that a bundle of this code has anything of. */
async function partsOf(code: string): Promise<readonly string[]> {
  const { parts } = await bundled(CODE.sdk + code);
  return Object.keys(parts).filter((file) => file.startsWith('runtime/') && parts[file] !== 0);
}

/** What only some handlers use, and a function of theirs that has it. */
const OPTIONAL = {
  'several locks': [/several-locks/, 'withLocks'],
  'a single flight': [/single-flight|lock\/flight/, 'singleFlight'],
  'a sticky lock': [/sticky/, 'stickyLock'],
  'wrapped functions': [/make-locked/, 'makeLocked'],
  decorators: [/lambda\/locked/, 'locked'],
  metrics: [/emf/, 'emfMetrics'],
  observers: [/told-chronicle|observed-work/, 'getLockFactory'],
  'a factory, and what its options can ask for': [
    /lock\/(factory|lock\.ts|log-lines|metrics|semaphore|break|inspection|inquiry|listing|permit)/,
    'getLockFactory',
  ],
} as const;

test('a handler that imports withLock has nothing in its bundle that only others need', async () => {
  const ours = await partsOf(CODE.withLock);

  expect(ours).toContain('runtime/lock/hold.ts');
  expect(ours.filter((file) => /^runtime\/(testing|powertools|middy|opentelemetry)\/|memory-store/.test(file))).toEqual(
    [],
  );
  for (const [files] of Object.values(OPTIONAL)) expect(ours.filter((file) => files.test(file))).toEqual([]);
});

test.each(Object.entries(OPTIONAL))(
  'who imports %s has that in it, by the name looked for above',
  async (_, [files, name]) => {
    expect(
      (await partsOf(`export { ${name} } from './runtime/index.js';`)).filter((file) => files.test(file)),
    ).not.toEqual([]);
  },
);

test('an error’s class comes without a client', async () => {
  expect(await partsOf(`export { LockLostError } from './runtime/index.js';`)).toEqual(['runtime/errors.ts']);
});
