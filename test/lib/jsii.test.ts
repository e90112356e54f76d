import { execFile } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

/**
 * `lib/` is not published through jsii, but compiles with it, so that Python and Java users can follow. It is
 * compiled in a folder of its own, next to the one file of `runtime/` that it shares: jsii wants a package
 * of CommonJS, and leaves its output and a tsconfig.json where it runs.
 */
const folder = '.cache/jsii';

interface Assembly {
  readonly types: Readonly<Record<string, { readonly kind: string }>>;
}

function prepare(): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/runtime/protocol`, { recursive: true });
  cpSync('lib', `${folder}/lib`, { recursive: true });
  cpSync('runtime/protocol/wire.ts', `${folder}/runtime/protocol/wire.ts`);
  cpSync('README.md', `${folder}/README.md`);
  const { name, version, description, license, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const cdk = { 'aws-cdk-lib': devDependencies['aws-cdk-lib'], constructs: devDependencies.constructs };
  const carets = Object.entries(cdk).map(([dependency, exact]) => [dependency, `^${exact}`]);
  const manifest = {
    ...{ name, version, description, license },
    author: { name: 'the authors of cdk-lynk', url: 'https://example.com' },
    repository: { type: 'git', url: 'https://example.com/cdk-lynk.git' },
    main: 'lib/index.js',
    types: 'lib/index.d.ts',
    devDependencies: cdk,
    peerDependencies: Object.fromEntries(carets),
    jsii: {
      outdir: 'dist',
      targets: {
        python: { distName: 'cdk-lynk', module: 'cdk_lynk' },
        java: { package: 'com.example.lynk', maven: { groupId: 'com.example', artifactId: 'cdk-lynk' } },
      },
    },
  };
  writeFileSync(`${folder}/package.json`, JSON.stringify(manifest));
}

async function compile(): Promise<string> {
  const compiler = promisify(execFile)(process.execPath, [
    require.resolve('jsii/bin/jsii'),
    '--fail-on-warnings',
    folder,
  ]);
  // Of what it says where it succeeds, such as that this Node.js is old, nothing matters here.
  return compiler.then(() => '').catch((failed: { stdout: string; stderr: string }) => failed.stderr + failed.stdout);
}

/** The names that `lib/index.ts` exports. */
function exportedNames(): string[] {
  const lists = [...readFileSync(`${folder}/lib/index.ts`, 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)];
  return lists.flatMap(([, list = '']) => [...list.matchAll(/(?:type )?(\w+)/g)].map(([, name]) => name ?? ''));
}

beforeEach(prepare);

test('what lib/ exports is acceptable to jsii, without a warning', async () => {
  expect(await compile()).toBe('');

  const { types } = JSON.parse(readFileSync(`${folder}/.jsii`, 'utf8')) as Assembly;
  // It passes over exported functions and type aliases, and lets unions be: other languages cannot call those.
  expect(Object.keys(types).map((type) => type.replace('cdk-lynk.', ''))).toEqual(
    [...exportedNames()].sort((a, b) => (a < b ? -1 : 1)),
  );
  expect(exportedNames()).toContain('LynkLockTable');
  expect(JSON.stringify(types)).not.toContain('"union"');
}, 300_000);

test('and would not be with a generic class', async () => {
  appendFileSync(`${folder}/lib/index.ts`, 'export class Planted<T> {\n  readonly of?: T;\n}\n');
  expect(await compile()).toMatch(/lib\/index\.ts:\d+:\d+ - error JSII1006: Generic types/);
}, 300_000);
