import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../server/index.js';
import { python } from './python.js';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

/** A table, as the services describe it. */
interface DeployedTable {
  readonly arn: string;
  readonly key: readonly object[];
  readonly billing: string;
  readonly deletionProtection: boolean;
  readonly timeToLive: { readonly TimeToLiveStatus: string; readonly AttributeName?: string };
  readonly recovery: string;
  readonly recoveryDays: number | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** What is deployed. */
export interface Deployed {
  readonly tables: Readonly<Record<string, DeployedTable>>;
  readonly environments: readonly Readonly<Record<string, string>>[];
  readonly alarms: readonly string[];
  readonly dashboards: readonly string[];
  readonly groupTags: readonly Readonly<Record<string, string>>[];
  readonly stacks: Readonly<Record<string, string>>;
}

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** AWS, as far as a deployment of lock tables sees it: CloudFormation, DynamoDB, IAM, S3 and the others on loopback. */
export class FakeAws {
  private constructor(
    private readonly server: ChildProcess,
    /** By this name: asset buckets are then found at `bucket.localhost`. */
    readonly endpoint: string,
    private readonly output: () => string,
  ) {}

  static async start(): Promise<FakeAws> {
    const port = await freePort();
    const server = spawn(python('python'), ['test/deploy/server.py', String(port)], { stdio: 'pipe' });
    let output = '';
    const keep = (chunk: unknown): void => {
      output = (output + String(chunk)).slice(-20_000);
    };
    server.stdout.on('data', keep);
    server.stderr.on('data', keep);
    process.once('exit', () => server.kill('SIGKILL'));
    const aws = new FakeAws(server, `http://localhost:${port}`, () => output);
    await aws.answers();
    return aws;
  }

  /** The environment in which the CDK CLI, SDKs and boto3 come here, and to no real account. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.endpoint,
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  /** The CDK CLI that is pinned. Its app is that of cdk.json, unless `--app` says another. */
  async cdk(...args: string[]): Promise<Ended> {
    const cli = require.resolve('aws-cdk/bin/cdk');
    return this.run(process.execPath, [cli, ...args, '--no-notices', '--output', '.cache/deploy/cdk.out']);
  }

  async bootstrap(): Promise<Ended> {
    return this.cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
  }

  /** A Python that has the real `lynk`. */
  get python(): string {
    return python('python');
  }

  /** What a command of the real Python `lynk` prints, such as `list-tables`, line by line. */
  async lynk(...args: string[]): Promise<string[]> {
    const { code, output } = await this.run(python('python'), [python('lynk'), ...args]);
    if (code !== 0) throw new Error(output);
    return output.split('\n').filter((line) => line !== '');
  }

  async deployed(): Promise<Deployed> {
    const { code, output } = await this.run(python('python'), ['test/deploy/deployed.py']);
    if (code !== 0) throw new Error(output);
    return JSON.parse(output) as Deployed;
  }

  /** The server's last words, for a failure that nothing else explains. */
  lastWords(): string {
    return this.output();
  }

  async stop(): Promise<void> {
    this.server.kill('SIGKILL');
  }

  private async run(command: string, args: readonly string[]): Promise<Ended> {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
    const env = { ...Object.fromEntries(inherited), ...this.environment, CI: '1', NODE_NO_WARNINGS: '1' };
    const options = { env, maxBuffer: 2 ** 26 };
    return promisify(execFile)(command, [...args], options).then(
      ({ stdout, stderr }) => ({ code: 0, output: command.endsWith('python') ? stdout : stdout + stderr }),
      (failed: { code: number; stdout: string; stderr: string }) => ({
        code: failed.code,
        output: failed.stdout + failed.stderr,
      }),
    );
  }

  private async answers(): Promise<void> {
    for (let attempt = 0; attempt < 240; attempt += 1) {
      if (this.server.exitCode !== null) break;
      const answer = await fetch(`${this.endpoint}/moto-api/data.json`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(500);
    }
    await this.stop();
    throw new Error(`moto did not start: ${this.lastWords()}`);
  }
}
