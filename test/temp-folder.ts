import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const PREFIX = 'cdk-lynk-tests-';

/**
 * For all of a run, the folder for temporary files is one that goes at its end: a CDK app without an
 * `outdir` makes one for each synthesis, and leaves it there.
 */
export default function useTempFolder(): void {
  // A run within a run, as under a mutation run.
  if (basename(tmpdir()).startsWith(PREFIX)) return;
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  process.env['TMPDIR'] = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
}
