import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { stackName } from './names.js';

/** Where and what the CDK CLI deploys. */
export interface Target {
  readonly run: string;
  readonly account: string;
  readonly region: string;
}

/** As test/deploy does: without change sets and previous parameters, which a stand-in for AWS answers badly. */
export function deploy(target: Target): Promise<void> {
  return cdk(target, 'deploy', '--method=direct', '--no-previous-parameters', '--require-approval', 'never');
}

/** Only the stack of this run. */
export function destroy(target: Target): Promise<void> {
  return cdk(target, 'destroy', '--force');
}

async function cdk({ run, account, region }: Target, command: string, ...args: string[]): Promise<void> {
  const cli = createRequire(resolve('package.json')).resolve('aws-cdk/bin/cdk');
  const context = Object.entries({ run, account, region }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const app = ['--app', 'node --import tsx test/aws/stack.ts', '--output', `.cache/aws/cdk-${run}`];
  const env = { ...process.env, AWS_REGION: region, AWS_DEFAULT_REGION: region, CI: '1', NODE_NO_WARNINGS: '1' };
  try {
    const all = [cli, command, stackName(run), ...args, ...app, ...context, '--no-notices'];
    await promisify(execFile)(process.execPath, all, { env, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`cdk ${command} failed: ${stdout}${stderr}`);
  }
}
