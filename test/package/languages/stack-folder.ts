import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { lowestModules } from '../../../packaging/lowest.js';
import { run } from '../../../packaging/run.js';
import { STAGE } from '../../../packaging/stage.js';

/** What a stack in CloudFormation's words is compared by. */
export type Template = Readonly<Record<string, unknown>>;

/**
 * A folder of an app in several languages, all with the oldest CDK that is supported: PyPI and Maven have the newest
 * one later than npm, and two versions are two templates.
 */
export class StackFolder {
  readonly folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-languages-'));

  /** The template of the app in JavaScript. */
  async ofJavaScript(): Promise<Template> {
    const modules = join(this.folder, 'node_modules');
    mkdirSync(modules);
    for (const name of ['aws-cdk-lib', 'constructs'])
      symlinkSync(join(await lowestModules(), name), join(modules, name));
    symlinkSync(STAGE, join(modules, 'cdk-lynk'));
    copyFileSync(resolve('test/package/languages/app.mjs'), join(this.folder, 'app.mjs'));
    return this.template('Everything', process.execPath, ['app.mjs']);
  }

  /** What the one stack of that name becomes when this is run. */
  async template(stack: string, command: string, args: readonly string[], env = {}): Promise<Template> {
    const out = mkdtempSync(join(this.folder, 'out-'));
    await run(command, args, this.folder, { ...env, CDK_OUTDIR: out, CDK_VALIDATION: 'false' });
    return JSON.parse(readFileSync(join(out, `${stack}.template.json`), 'utf8')) as Template;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Named {
  readonly name: string;
}
interface TypeInAssembly extends Named {
  readonly kind: 'class' | 'interface' | 'enum';
  readonly datatype?: boolean;
  readonly abstract?: boolean;
  readonly methods?: readonly (Named & { readonly protected?: boolean })[];
  readonly properties?: readonly (Named & { readonly protected?: boolean })[];
}

/** Everything that an app can name of the package, as `.jsii` has it: constructs, props, methods and attributes. */
export function publicNames(): string[] {
  const { types } = JSON.parse(readFileSync(join(STAGE, '.jsii'), 'utf8')) as {
    readonly types: Readonly<Record<string, TypeInAssembly>>;
  };
  const names = Object.values(types).flatMap(({ name, kind, abstract, methods = [], properties = [] }) => [
    ...(kind === 'class' && !abstract ? [name] : []),
    ...[...methods, ...properties].filter((member) => !member.protected).map((member) => member.name),
  ]);
  return [...new Set(names)];
}
