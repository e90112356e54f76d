import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from './run.js';
import { STAGE } from './stage.js';

/** In which languages the package can be had besides JavaScript, and where under `build/`. */
export const LANGUAGES = ['python', 'java', 'go', 'dotnet'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What `npm publish` is to send, and what else npm says of it. */
export interface PackedTarball {
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs what was staged. */
export async function packForNpm(folder: string): Promise<PackedTarball> {
  mkdirSync(folder, { recursive: true });
  const [made] = JSON.parse(await run('npm', ['pack', '--json', '--pack-destination', folder], STAGE)) as [
    PackedTarball,
  ];
  return made;
}

/** Packs what was staged, once every example in it is one that other languages can say. */
export async function packFor(language: Language): Promise<void> {
  await script('jsii-rosetta/bin/jsii-rosetta', 'extract', '--strict', STAGE);
  const folder = resolve('build', language);
  const making = mkdtempSync(join(tmpdir(), 'cdk-lynk-pack-'));
  try {
    // Java repeats an inherited method's example at the class that inherits it. Rosetta has extracted it only where it is
    // declared.
    const unknown = language === 'java' ? 'translate' : 'fail';
    const how = ['--no-npmignore', `--rosetta-unknown-snippets=${unknown}`, '--force', '--outdir', making];
    await script('jsii-pacmak/bin/jsii-pacmak', '--targets', language, ...how, STAGE);
    rmSync(folder, { recursive: true, force: true });
    cpSync(join(making, language), folder, { recursive: true });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function script(path: string, ...args: readonly string[]): Promise<void> {
  await run(process.execPath, [resolve('node_modules', path), ...args], STAGE);
}
