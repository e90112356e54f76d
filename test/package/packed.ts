import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packForNpm } from '../../packaging/pack.js';
import { stage } from '../../packaging/stage.js';

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
  await stage();
  const { filename, files } = await packForNpm(FOLDER);
  const packed: Packed = { tarball: join(FOLDER, filename), files: files.map(({ path }) => path) };
  writeFileSync(LIST, JSON.stringify(packed));
}

/** What `pack` has made. */
export function packed(): Packed {
  return JSON.parse(readFileSync(LIST, 'utf8')) as Packed;
}
