import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { lowestModules } from './lowest.js';
import { compiledManifest, publishedManifest, repositoryUrl } from './manifest.js';
import { absoluteReadme } from './readme.js';
import { run } from './run.js';

/** What is packed, for npm and for every other language. */
export const STAGE = resolve('build/package');
/** What `lib/` has in common with the client. */
const SHARED = 'runtime/protocol/wire.ts';

/** Builds the package in a folder of its own, which bears its name only once it is whole. */
export async function stage(): Promise<void> {
  const making = `${STAGE}.${process.pid}`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  try {
    await Promise.all([buildModules(making), buildCommonJs(making)]);
    await compileWithJsii(making);
    writeJson(join(making, 'package.json'), publishedManifest());
    cpSync('CHANGELOG.md', join(making, 'CHANGELOG.md'));
    rmSync(STAGE, { recursive: true, force: true });
    renameSync(making, STAGE);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function buildModules(making: string): Promise<void> {
  await compile(making, 'esm');
  // The command is run, not imported.
  deleteDeclarations(join(making, 'dist/esm/bin'));
  writeJson(join(making, 'dist/esm/package.json'), { type: 'module', sideEffects: false });
}

async function buildCommonJs(making: string): Promise<void> {
  await compile(
    making,
    'cjs',
    '--module',
    'commonjs',
    '--moduleResolution',
    'bundler',
    '--verbatimModuleSyntax',
    'false',
  );
  rmSync(join(making, 'dist/cjs/bin'), { recursive: true });
}

/** By the strict build's own rules, which jsii has no say in. */
async function compile(making: string, kind: 'esm' | 'cjs', ...options: readonly string[]): Promise<void> {
  const compiler = resolve('node_modules/@typescript/native/bin/tsc');
  const outDir = join(making, 'dist', kind);
  await run(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--outDir', outDir, ...options], resolve('.'));
}

/**
 * Compiles `lib/` once more, into `dist/cjs`: the scripts get the names by which other languages find their classes,
 * and `.jsii` says what there is. Its sources are there while it runs.
 */
async function compileWithJsii(folder: string): Promise<void> {
  cpSync('lib', join(folder, 'lib'), { recursive: true });
  mkdirSync(join(folder, dirname(SHARED)), { recursive: true });
  cpSync(SHARED, join(folder, SHARED));
  cpSync('LICENSE', join(folder, 'LICENSE'));
  cpSync('packaging/tsconfig.jsii.json', join(folder, 'tsconfig.jsii.json'));
  writeFileSync(join(folder, 'README.md'), absoluteReadme(readFileSync('README.md', 'utf8'), repositoryUrl()));
  writeJson(join(folder, 'package.json'), compiledManifest());
  symlinkSync(await lowestModules(), join(folder, 'node_modules'));
  const jsii = resolve('node_modules/jsii/bin/jsii');
  await run(process.execPath, [jsii, '--fail-on-warnings', folder], folder);
  for (const source of ['lib', 'runtime', 'tsconfig.jsii.json']) {
    rmSync(join(folder, source), { recursive: true });
  }
}

function deleteDeclarations(folder: string): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts')) rmSync(join(folder, name));
  }
}

function writeJson(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, undefined, 2)}\n`);
}
