import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lowestOf, packageJson } from '../../packaging/manifest.js';
import { run } from '../../packaging/run.js';
import { PEER_RANGES } from '../../runtime/protocol/peers.js';
import { packed } from './packed.js';

/** Of what the client's entry points want, and what the constructs do. */
function peerRanges(): Readonly<Record<string, string>> {
  return { ...packageJson().peerDependencies, ...PEER_RANGES };
}

/** Everything that an entry point may want beside it. */
export const PEERS = [
  '@aws-lambda-powertools/logger',
  '@aws-lambda-powertools/metrics',
  '@aws-sdk/client-dynamodb',
  '@middy/core',
  '@opentelemetry/api',
  '@smithy/node-http-handler',
  '@smithy/signature-v4',
  'aws-cdk-lib',
  'constructs',
] as const;

/** The loggers and metrics of 2.0.0 do not load beside a later part that they share, which their range allows. */
const OF_LOWEST = [['@aws-lambda-powertools/commons', '2.0.0']] as const;

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly link?: boolean; readonly dev?: boolean }>> & {
    readonly '': { readonly devDependencies: Readonly<Record<string, string>> };
  };
}

/**
 * A project of somebody who has installed the packed package: away from this repository, whose packages would
 * otherwise be found from within it.
 */
export class Consumer {
  readonly folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-consumer-'));

  /**
   * In the versions that this repository has locked, and those alone: what was published since this morning
   * does not decide about a test.
   * @param packages what it has beside ours
   */
  async install(packages: readonly string[]): Promise<void> {
    const { '': root, ...others } = (JSON.parse(readFileSync('package-lock.json', 'utf8')) as LockFile).packages;
    const versions = Object.fromEntries(packages.map((name) => [name, root.devDependencies[name]]));
    const project = { private: true, type: 'module', dependencies: { 'cdk-lynk': packed().tarball, ...versions } };
    const locked = Object.entries(others).flatMap(([path, { dev: _, ...entry }]) =>
      path.startsWith('node_modules/') && !entry.link ? [[path, entry]] : [],
    );
    const lock = { lockfileVersion: 3, requires: true, packages: { '': project, ...Object.fromEntries(locked) } };
    this.write('package.json', JSON.stringify(project));
    this.write('package-lock.json', JSON.stringify(lock));
    await this.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']);
  }

  /**
   * With every peer in the lowest version that is allowed, and what those want themselves.
   * @param packages what it has besides, in the versions that this repository has locked
   */
  async installLowest(packages: readonly string[] = []): Promise<void> {
    const { devDependencies } = packageJson();
    const peers = Object.entries(peerRanges()).map(([name, range]) => [name, lowestOf(range)]);
    const others = packages.map((name) => [name, devDependencies[name]]);
    const versions = Object.fromEntries([...peers, ...others, ...OF_LOWEST]);
    this.write(
      'package.json',
      JSON.stringify({ private: true, dependencies: { 'cdk-lynk': packed().tarball, ...versions } }),
    );
    await this.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund']);
  }

  /** Besides what was installed: what this repository itself does not have, as `name@version`. */
  async add(packages: readonly string[]): Promise<void> {
    await this.run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...packages]);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
    return run(command, args, this.folder, env);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
