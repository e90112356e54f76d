import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

/**
 * Installs these packages, unless the folder has exactly them. The folder bears its name only once it is whole: an
 * installation that was cut short is begun anew.
 * @returns the folder's `node_modules`
 */
export async function installOnce(folder: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const wanted = JSON.stringify({ private: true, dependencies });
  // Apart from package.json, which npm may write anew in an order of its own.
  const list = join(folder, 'wanted.json');
  if (!existsSync(list) || readFileSync(list, 'utf8') !== wanted) {
    const making = `${folder}.${process.pid}`;
    mkdirSync(making, { recursive: true });
    writeFileSync(join(making, 'package.json'), wanted);
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], making);
    writeFileSync(join(making, 'wanted.json'), wanted);
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  }
  return join(folder, 'node_modules');
}
