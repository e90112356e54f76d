import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from './run.js';

/** Where the packed package lies while these tests run. */
const FOLDER = resolve('.cache/packed');
const LIST = join(FOLDER, 'packed.json');

/** The package as `npm publish` would send it. */
export interface Packed {
  readonly tarball: string;
  readonly files: readonly string[];
}

/** Builds and packs what is in the tree now. */
export async function pack(): Promise<void> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  await run('npm', ['run', 'build'], resolve('.'));
  const [made] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', FOLDER], resolve('.'))) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  const packed: Packed = { tarball: join(FOLDER, made.filename), files: made.files.map(({ path }) => path) };
  writeFileSync(LIST, JSON.stringify(packed));
}

/** What `pack` has made. */
export function packed(): Packed {
  return JSON.parse(readFileSync(LIST, 'utf8')) as Packed;
}
