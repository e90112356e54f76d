import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Target } from './cdk.js';

/** An account and one of its Regions. */
export type Place = Pick<Target, 'account' | 'region'>;

/** Ignored by git. A run is written down here before it makes anything, until all of it is gone. */
const FOLDER = resolve('.cache/aws/runs');

export function record(target: Target): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${target.run}.json`), JSON.stringify(target));
}

export function forget(run: string): void {
  rmSync(join(FOLDER, `${run}.json`), { force: true });
}

/** The runs that were cut off on this machine. */
export function recordedRuns(): Target[] {
  mkdirSync(FOLDER, { recursive: true });
  return readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Target);
}

/** Where those were. */
export function placesOfRuns(): Place[] {
  const places = recordedRuns().map(({ account, region }) => [`${account} ${region}`, { account, region }] as const);
  return [...new Map(places).values()];
}
