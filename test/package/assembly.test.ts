import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lowestModules } from '../../packaging/lowest.js';
import { run } from '../../packaging/run.js';
import { STAGE } from '../../packaging/stage.js';
import { PEER_RANGES } from '../../runtime/protocol/peers.js';
import { Consumer } from './consumer.js';
import { publicNames } from './languages/stack-folder.js';
import { packed } from './packed.js';

/** What other languages are told of the package. */
interface Described {
  readonly name: string;
  readonly docs?: { readonly summary?: string; readonly example?: string };
}
interface Method extends Described {
  readonly protected?: boolean;
  readonly parameters?: readonly Described[];
}
interface Assembly {
  readonly types: Readonly<
    Record<string, Described & { readonly methods?: readonly Method[]; readonly initializer?: Method }>
  >;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly bin?: unknown;
}
const assembly = (): Assembly => JSON.parse(readFileSync(join(STAGE, '.jsii'), 'utf8')) as Assembly;

/** The names that `lib/index.ts` exports. */
function exportedNames(): string[] {
  const lists = [...readFileSync('lib/index.ts', 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)];
  return lists.flatMap(([, list = '']) => [...list.matchAll(/(?:type )?(\w+)/g)].map(([, name]) => name ?? ''));
}

test('every language gets what lib/ exports, and no union, which it could not call', () => {
  const { types } = assembly();
  // jsii passes over exported functions and type aliases.
  expect(Object.keys(types).map((type) => type.replace('cdk-lynk.', ''))).toEqual(
    [...exportedNames()].sort((a, b) => (a < b ? -1 : 1)),
  );
  expect(exportedNames()).toContain('LynkLockTable');
  expect(JSON.stringify(types)).not.toContain('"union"');
});

/** They come with whatever they are of. */
const INHERITED = ['LynkLockMetrics', 'LynkLockTableBase'];

test('what a method takes is described, and all but the plainest have an example', () => {
  const types = Object.values(assembly().types);
  const methods = types.flatMap(({ name: type, methods: all = [], initializer }) => [
    ...all.filter((method) => !method.protected).map((method) => ({ ...method, at: `${type}.${method.name}` })),
    ...(initializer && !INHERITED.includes(type) ? [{ ...initializer, name: '', at: type }] : []),
  ]);
  expect(methods.length).toBeGreaterThan(40);
  const undescribed = methods.flatMap(({ at, parameters = [] }) =>
    parameters.filter(({ docs }) => !docs?.summary).map(({ name }) => `${at}(${name})`),
  );
  expect(undescribed).toEqual([]);
  // Constructors have that of their class; metrics are all called like those that have one.
  const bare = methods.filter(({ name, docs }) => name !== '' && !name.startsWith('metric') && !docs?.example);
  expect(bare.map(({ at }) => at)).toEqual([]);
});

test('it depends on nothing but the CDK, from the lowest version on, and has no command', () => {
  const { dependencies, bin } = assembly();
  expect(dependencies).toEqual({ 'aws-cdk-lib': '^2.230.0', constructs: '^10.0.0' });
  expect(bin).toBeUndefined();
});

test('Go and .NET get sources, with every construct, prop and method', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-sources-'));
  try {
    const how = ['--code-only', '--force', '--targets', 'go', '--targets', 'dotnet', '--outdir', folder];
    await run(process.execPath, [require.resolve('jsii-pacmak/bin/jsii-pacmak'), ...how, STAGE], STAGE);
    const sources = [join(folder, 'go/cdklynk'), join(folder, 'dotnet/CdkLynk/CdkLynk')].map((path) => {
      const files = readdirSync(path).filter((name) => /\.(?:go|cs)$/.test(name));
      return files.map((name) => readFileSync(join(path, name), 'utf8')).join('\n');
    });
    // Both begin the names of members with a capital.
    const names = publicNames().map((name) => name.charAt(0).toUpperCase() + name.slice(1));
    expect(names).toEqual(expect.arrayContaining(['LynkLockTable', 'LeaseDuration', 'Protect']));
    for (const source of sources) {
      expect(names.filter((name) => !new RegExp(`(?<![A-Za-z])${name}(?![A-Za-z])`).test(source))).toEqual([]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

interface Published {
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional: boolean }>>;
  readonly keywords: readonly string[];
  readonly [field: string]: unknown;
}
const published = (): Published => JSON.parse(readFileSync(join(STAGE, 'package.json'), 'utf8')) as Published;

test('what the client wants is named as optional, and stands in no list where jsii looks for modules of its own', () => {
  const { peerDependencies, peerDependenciesMeta } = published();
  expect(Object.keys(peerDependencies)).toEqual(['aws-cdk-lib', 'constructs']);
  const optional = [...Object.keys(PEER_RANGES), ...Object.keys(peerDependencies)];
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(optional.map((name) => [name, { optional: true }])));
});

test('it says what Construct Hub lists a package by', () => {
  const { keywords, license, author, repository, stability, ...rest } = published();
  expect(keywords).toContain('aws-cdk');
  expect({ license, stability }).toEqual({ license: 'Apache-2.0', stability: 'experimental' });
  expect(author).toMatchObject({ name: expect.any(String), url: expect.stringMatching(/^https:/) });
  expect(repository).toMatchObject({ type: 'git', url: expect.stringMatching(/^git\+https:.*\.git$/) });
  // Of use here only.
  for (const ours of ['scripts', 'devDependencies', 'workspaces']) expect(rest).not.toHaveProperty(ours);
});

describe('a library of constructs that depends on this one', () => {
  const library = new Consumer();
  afterAll(() => library.remove());

  const manifest = {
    name: 'downstream',
    version: '1.0.0',
    license: 'Apache-2.0',
    author: { name: 'Somebody' },
    repository: { type: 'git', url: 'https://example.com/downstream.git' },
    main: 'index.js',
    types: 'index.d.ts',
    peerDependencies: { 'cdk-lynk': '^0.1.0', 'aws-cdk-lib': '^2.230.0', constructs: '^10.0.0' },
    devDependencies: { 'cdk-lynk': '0.1.0', 'aws-cdk-lib': '2.230.0', constructs: '10.0.0' },
    jsii: { outdir: 'out', targets: { python: { distName: 'downstream', module: 'downstream' } } },
  };
  const source = `
    import { LynkLockTable, type ILynkLockTable, type LynkLockTableProps } from 'cdk-lynk';
    import { Construct } from 'constructs';

    /** Properties. */
    export interface LedgerProps extends LynkLockTableProps {
      /** Where there is a table already. */
      readonly locks?: ILynkLockTable;
    }
    /** Exposes types of the other library. */
    export class Ledger extends Construct {
      public readonly locks: ILynkLockTable;
      constructor(scope: Construct, id: string, props: LedgerProps = {}) {
        super(scope, id);
        const { locks, ...rest } = props;
        this.locks = locks ?? new LynkLockTable(this, 'Locks', rest);
      }
    }
  `;

  test('compiles with jsii, and its wheel can be generated', async () => {
    library.write('package.json', JSON.stringify({ private: true }));
    await library.run('tar', ['-xzf', packed().tarball]);
    const modules = join(library.folder, 'node_modules');
    mkdirSync(modules);
    for (const name of ['aws-cdk-lib', 'constructs'])
      symlinkSync(join(await lowestModules(), name), join(modules, name));
    await library.run('mv', ['package', 'node_modules/cdk-lynk']);
    library.write('package.json', JSON.stringify(manifest));
    library.write('README.md', '# Downstream');
    library.write('index.ts', source);

    await library.run(process.execPath, [require.resolve('jsii/bin/jsii'), '--fail-on-warnings', '.']);
    await library.run(process.execPath, [require.resolve('jsii-pacmak/bin/jsii-pacmak'), '--code-only', '.']);
    const generated = readFileSync(join(library.folder, 'out/python/src/downstream/__init__.py'), 'utf8');
    expect(generated).toContain('import cdk_lynk as _cdk_lynk_');
    expect(generated).toMatch(/class Ledger\(/);
  });
});
