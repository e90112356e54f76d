import { bundled, CODE } from '../bench/cold-start/bundles.js';

/** The files of ours that a bundle of this code has anything of, and how many bytes. */
async function sizesOf(code: string): Promise<readonly (readonly [file: string, bytes: number])[]> {
  const { parts } = await bundled(CODE.sdk + code);
  return Object.entries(parts).filter(([file, bytes]) => file.startsWith('runtime/') && bytes > 0);
}

async function partsOf(code: string): Promise<readonly string[]> {
  return (await sizesOf(code)).map(([file]) => file);
}

/** What only some handlers use, and a function of theirs that has it. */
const OPTIONAL = {
  'several locks': [/multi-lock/, 'withLocks'],
  'a single flight': [/single-flight|shared-result/, 'singleFlight'],
  'a sticky lock': [/sticky/, 'stickyLock'],
  'wrapped functions': [/locked-function/, 'makeLocked'],
  decorators: [/locked-method/, 'locked'],
  metrics: [/emf/, 'emfMetrics'],
  observers: [/observer-reporter/, 'getLockFactory'],
  'a factory, and what its options can ask for': [
    /client\/(lock-factory|factory-settings)|observe\/event-|recipes\/(semaphore|contend-permit)|admin\//,
    'getLockFactory',
  ],
} as const;

test('a handler that imports withLock has nothing in its bundle that only others need', async () => {
  const ours = await partsOf(CODE.withLock);

  expect(ours).toContain('runtime/hold/hold.ts');
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

test('and is not to grow again (docs/decisions/0008)', async () => {
  const bytes = (await sizesOf(CODE.withLock)).reduce((sum, [, part]) => sum + part, 0);

  expect(bytes).toBeGreaterThan(20 * 1024);
  expect(bytes).toBeLessThanOrEqual(64 * 1024);
});

test('a durable lock brings nothing of the SDK for durable executions, and no other handler has any of it', async () => {
  const durable = "export { withDurableLock } from './runtime/durable/index.js';";
  const { parts, loaded } = await bundled(CODE.sdk + durable);

  expect(Object.keys(parts)).toContain('runtime/durable/claim.ts');
  const packages = [...Object.keys(parts), ...loaded.map(({ path }) => path)];
  expect(packages.filter((name) => name.includes('durable-execution'))).toEqual([]);
  const elsewhere = await partsOf("export * from './runtime/index.js';");
  expect(elsewhere.filter((file) => /durable|claim/.test(file))).toEqual([]);
});

/** Bytes of a handler with `withLock` of the light client and all that it needs: minified, and gzipped. */
const LIGHT = { bytes: 86_500, gzippedBytes: 31_500 };

test('the light client’s withLock has nothing of the SDK, and is not to grow', async () => {
  const { bytes, gzippedBytes, parts, loaded } = await bundled(CODE.light);
  const files = Object.keys(parts);

  expect(files).toContain('runtime/light/connection.ts');
  expect(files.filter((file) => file.includes('@aws'))).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(LIGHT.bytes);
  expect(gzippedBytes).toBeLessThanOrEqual(LIGHT.gzippedBytes);
  expect(bytes).toBeGreaterThan(LIGHT.bytes / 2);
  // node:http is for plain endpoints alone: an ES module that imports it makes Node.js load much.
  expect(loaded.filter(({ path }) => path === 'node:http')).toEqual([
    { path: 'node:http', kind: 'dynamic-import', external: true },
  ]);
});

test.each(Object.values(OPTIONAL))('nor anything that only others need: %s', async (files) => {
  const { parts } = await bundled(CODE.light);
  expect(Object.entries(parts).filter(([file, bytes]) => files.test(file) && bytes > 0)).toEqual([]);
});

test('an error’s class comes without a client', async () => {
  expect(await partsOf(`export { LockLostError } from './runtime/index.js';`)).toEqual(['runtime/errors.ts']);
});
