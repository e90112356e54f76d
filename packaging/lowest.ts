import { resolve } from 'node:path';
import { installOnce } from './install.js';
import { lowestPeers, packageJson } from './manifest.js';

/** Kept between builds: aws-cdk-lib is a quarter of a gigabyte. */
const CACHE = resolve('.cache/lowest');

/** A folder of packages with the oldest CDK that is supported. */
export async function lowestModules(): Promise<string> {
  const { '@types/node': nodeTypes = '' } = packageJson().devDependencies;
  return installOnce(CACHE, { ...lowestPeers(), '@types/node': nodeTypes });
}
