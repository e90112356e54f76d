import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { lowestPeers, packageJson } from './manifest.js';
import { run } from './run.js';

/** Kept between builds: aws-cdk-lib is a quarter of a gigabyte. */
const CACHE = resolve('.cache/lowest');

/**
 * A folder of packages with the oldest CDK that is supported. It bears its name only once it is whole: an
 * installation that was cut short is begun anew.
 */
export async function lowestModules(): Promise<string> {
  const { '@types/node': nodeTypes = '' } = packageJson().devDependencies;
  const wanted = JSON.stringify({ private: true, dependencies: { ...lowestPeers(), '@types/node': nodeTypes } });
  const list = join(CACHE, 'wanted.json');
  if (!existsSync(list) || readFileSync(list, 'utf8') !== wanted) {
    const folder = `${CACHE}.${process.pid}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), wanted);
    await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], folder);
    writeFileSync(join(folder, 'wanted.json'), wanted);
    rmSync(CACHE, { recursive: true, force: true });
    renameSync(folder, CACHE);
  }
  return join(CACHE, 'node_modules');
}
