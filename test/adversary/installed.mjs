import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const BUILT = resolve(HERE, '../../build/package');
const KINDS = ['esm', 'cjs'];

/**
 * Installs the built package in a folder of its own, beside the workers, which import it as a user's program does.
 * @param edits what a planted fault changes: `{ file, find, replace }`, in both copies of the package
 */
export function installed(edits = []) {
  if (!existsSync(join(BUILT, 'dist'))) throw new Error('the package is not built: npm run build');
  mkdirSync(resolve(HERE, '../../build'), { recursive: true });
  const folder = mkdtempSync(resolve(HERE, '../../build/adversary-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, 'cdk-lynk'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-user', private: true, type: 'module' }));
  for (const part of ['dist', 'package.json'])
    cpSync(join(BUILT, part), join(modules, 'cdk-lynk', part), { recursive: true });
  symlinkSync(resolve(HERE, '../../node_modules/@aws-sdk'), join(modules, '@aws-sdk'));
  for (const part of ['worker', 'random.mjs', 'time.mjs'])
    cpSync(join(HERE, part), join(folder, part), { recursive: true });
  for (const edit of edits) {
    for (const kind of KINDS) {
      const { path, text } = changed(join(modules, 'cdk-lynk/dist', kind, 'runtime'), edit);
      writeFileSync(path, text);
    }
  }
  return {
    worker: join(folder, 'worker/main.mjs'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @throws Error unless the edits fit the built package: what they replace stands there exactly once */
export function assertFitting(edits) {
  for (const edit of edits) for (const kind of KINDS) changed(join(BUILT, 'dist', kind, 'runtime'), edit);
}

function changed(runtime, { file, find, replace }) {
  const path = join(runtime, `${file}.js`);
  const text = readFileSync(path, 'utf8');
  const count = text.split(find).length - 1;
  if (count !== 1) throw new Error(`${path} has ${count} times: ${find}`);
  return { path, text: text.replace(find, () => replace) };
}
