import { readFileSync } from 'node:fs';

type Entries = Readonly<Record<string, string>>;

/** What is read here of package.json. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly author: object;
  readonly jsii: object;
  readonly peerDependencies: Entries;
  readonly devDependencies: Entries;
}

export function packageJson(): PackageJson {
  return JSON.parse(readFileSync('package.json', 'utf8')) as PackageJson;
}

/** What only the work on this package needs. */
const OURS = ['scripts', 'workspaces', 'devDependencies', 'jsii'];

/**
 * Where the sources are: that is known where the package is published from. Construct Hub wants an address, and so
 * do PyPI and Maven; a package that is built elsewhere has one that leads nowhere.
 */
export function repositoryUrl(): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository } = process.env;
  return server && repository ? `${server}/${repository}` : 'https://example.com/cdk-lynk';
}

/**
 * The package.json that is published. By its `type`, and not by a package.json in `dist/cjs`, the files there are
 * CommonJS. jsii looks for the package of a declaration upwards, and takes the first package.json for it: with one that
 * has no name, a library that depends on this package would not compile.
 */
export function publishedManifest(): object {
  const entries = Object.entries(packageJson()).filter(([key]) => !OURS.includes(key));
  const { author, jsii } = packageJson();
  const url = repositoryUrl();
  return {
    ...Object.fromEntries(entries),
    type: 'commonjs',
    author: { ...author, url },
    repository: { type: 'git', url: `git+${url}.git` },
    homepage: url,
    jsii,
  };
}

/**
 * The package.json that jsii compiles with. `bin` is left out, as the wheel would get a script of it that starts
 * nothing. The peers are there in the lowest version that is allowed: what compiles with those is what is promised.
 */
export function compiledManifest(): object {
  const { bin: _, ...rest } = publishedManifest() as { readonly bin: object };
  return { ...rest, devDependencies: lowestPeers() };
}

/** The peers that are jsii modules, each in the lowest version of its range. */
export function lowestPeers(): Entries {
  const peers = Object.entries(packageJson().peerDependencies);
  return Object.fromEntries(peers.map(([name, range]) => [name, lowestOf(range)]));
}

/** Of a range like `^2.1.0` or `6.x || 7.x`. */
export function lowestOf(range: string): string {
  const [, first = '', minor = '0', patch = '0'] = /^\^?(\d+)\.(?:x|(\d+)\.(\d+))/.exec(range) ?? [];
  if (first === '') throw new Error(`a range of another kind: ${range}`);
  return `${first}.${minor}.${patch}`;
}
