import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { installOnce } from '../../../packaging/install.js';
import { run } from '../../../packaging/run.js';
import { python } from '../python.js';
import type { Template } from './rendered.js';

/** The Serverless Framework as it was before it wanted a login, and is still maintained. */
const OSLS = '4.3.1';

/** By SAM's own translator, which CloudFormation runs too. */
export async function translatedBySam(text: string): Promise<Template> {
  return inFolder({ 'template.yaml': text }, async (folder) => {
    const script = resolve('test/deploy/without-cdk/translate.py');
    const environment = { AWS_DEFAULT_REGION: 'eu-west-1' };
    return JSON.parse(await run(python('python'), [script, 'template.yaml'], folder, environment));
  });
}

/** By `serverless package`, with a handler of no work. */
export async function packagedByServerless(text: string): Promise<Template> {
  const modules = await installOnce(resolve('.cache/deploy/serverless'), { osls: OSLS });
  const handler = 'exports.handler = async () => {};\n';
  return inFolder({ 'serverless.yml': text, 'dist/report.js': handler }, async (folder) => {
    // It keeps what it has compiled in the home folder.
    const environment = { HOME: resolve('.cache/deploy'), AWS_EC2_METADATA_DISABLED: 'true' };
    await run(process.execPath, [join(modules, 'osls/bin/serverless.js'), 'package'], folder, environment);
    const made = join(folder, '.serverless/cloudformation-template-update-stack.json');
    return JSON.parse(readFileSync(made, 'utf8'));
  });
}

/** What cfn-lint has to say of it; nothing where all is well. */
export async function lint(template: Template | string): Promise<string> {
  const text = typeof template === 'string' ? template : JSON.stringify(template);
  return inFolder({ template: text }, (folder) =>
    run(python('cfn-lint'), ['--regions', 'eu-west-1', '--', 'template'], folder).catch(
      (error: Error) => error.message,
    ),
  );
}

async function inFolder<T>(files: Readonly<Record<string, string>>, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-without-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
