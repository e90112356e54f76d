import { bundled, CODE } from '../bench/cold-start/bundles.js';

test('a handler that imports withLock has nothing in its bundle that only others need', async () => {
  const { parts } = await bundled(CODE.sdk + CODE.withLock);
  const ours = Object.keys(parts).filter((file) => file.startsWith('runtime/') && parts[file] !== 0);

  expect(ours).toContain('runtime/lock/hold.ts');
  expect(ours.filter((file) => /^runtime\/(testing|powertools|middy)\/|emf|memory-store/.test(file))).toEqual([]);
});
