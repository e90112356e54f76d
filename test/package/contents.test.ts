import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from '../../packaging/run.js';
import { STAGE } from '../../packaging/stage.js';
import { packed } from './packed.js';

/** The sources below a folder, without their ending: what each build has a script and a declaration of. */
function sourcesOf(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name.replace(/\.ts$/, '')));
}

/** Each file that a user gets has a reason here; a file without one does not belong into the package. */
function expectedFiles(): Set<string> {
  const library = [...sourcesOf('lib'), ...sourcesOf('runtime')];
  // The command is run, not imported: it comes as ES modules alone, without declarations. The app is for this folder.
  const command = sourcesOf('bin').filter((at) => at !== 'bin/app');
  return new Set([
    '.jsii',
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'package.json',
    'dist/esm/package.json',
    ...['cjs', 'esm'].flatMap((build) =>
      library.flatMap((at) => [`dist/${build}/${at}.js`, `dist/${build}/${at}.d.ts`]),
    ),
    ...command.map((at) => `dist/esm/${at}.js`),
  ]);
}

test('each source is packed as a script and a declaration for both kinds of module, and nothing else is packed', () => {
  expect(new Set(packed().files)).toEqual(expectedFiles());
});

test('no packed file tells of tests, of maps, or of the machine that it was built on', () => {
  const { files } = packed();
  expect(files.filter((file) => /test\.|\.map$|\.tsbuildinfo$|snap$/.test(file))).toEqual([]);
  const root = resolve('.');
  expect(files.filter((file) => readFileSync(join(STAGE, file), 'utf8').includes(root))).toEqual([]);
});

const binary = (name: string): string => resolve('node_modules/.bin', name);

test('publint has nothing to say', async () => {
  expect(await run(binary('publint'), ['--strict'], STAGE)).toContain('All good!');
});

interface Analysis {
  readonly analysis: {
    readonly entrypoints: Readonly<Record<string, { readonly resolutions: Readonly<Record<string, object>> }>>;
  };
  readonly problems: Readonly<
    Record<string, readonly { readonly entrypoint: string; readonly resolutionKind: string }[]>
  >;
}

test('the types of every entry point resolve, and are of the kind of module that is loaded', async () => {
  const output = await run(binary('attw'), ['--format', 'json', '--profile', 'node16', packed().tarball], resolve('.'));
  const { analysis, problems } = JSON.parse(output) as Analysis;
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: object };

  expect(new Set(Object.keys(analysis.entrypoints))).toEqual(new Set(Object.keys(exports)));
  expect(Object.values(problems).flat()).toEqual([]);
});
