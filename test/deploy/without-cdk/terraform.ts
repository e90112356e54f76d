import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { installOnce } from '../../../packaging/install.js';
import { run } from '../../../packaging/run.js';
import { only, type Rendered } from './rendered.js';

/** HashiCorp's parser of HCL, compiled to WebAssembly. */
const PARSER = '0.21.0';
/** Types that were generated from the schema of Terraform's AWS provider 6.25. */
const PROVIDER = '21.22.1';
const FOLDER = resolve('.cache/deploy/terraform');
const COMPILER = resolve('node_modules/@typescript/native/bin/tsc');

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value };
type Body = { readonly [argument: string]: Value };

/** The blocks of a configuration, by type and name. An expression is a text in `${}`. */
export interface Configuration {
  readonly resource?: Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>;
  readonly data?: Readonly<Record<string, Readonly<Record<string, readonly Body[]>>>>;
}

/** As HashiCorp's parser reads it. */
export async function parsed(text: string): Promise<Configuration> {
  const modules = await installOnce(join(FOLDER, 'parser'), { '@cdktf/hcl2json': PARSER });
  const script = `
    const { parse } = require('@cdktf/hcl2json');
    parse('main.tf', process.argv[1]).then(
      (read) => { console.log(JSON.stringify(read)); process.exit(0); },
      (error) => { console.error(String(error)); process.exit(1); },
    );`;
  return JSON.parse(await run(process.execPath, ['-e', script, text], join(modules, '..')));
}

/**
 * What does not fit the provider's schema: unknown, missing and ill-typed arguments, and references to blocks and
 * attributes that do not exist. `terraform validate` would say the same, but its provider is not to be had by a
 * package's name.
 */
export async function misfits({ resource = {}, data = {} }: Configuration): Promise<string> {
  const provider = await providerTypes();
  const found = [...declarationsOf(resource, 'resource'), ...declarationsOf(data, 'data')];
  const classes = new Map(found.map(({ block, file }) => [block, `import('./${file}').${pascal(block)}`]));
  const lines = found.map(({ block, file, config, body }, index) => {
    const type = `import('./${file}').${config}`;
    return `// ${block}\nexport const block${index}: ${type} = ${literal(camelKeys(body))};`;
  });
  const names = new Set(found.map(({ block, name }) => `${block}.${name}`));
  const references = [...JSON.stringify([resource, data]).matchAll(/\$\{((?:data\.)?\w+\.\w+)\.(\w+)\}/g)];
  const unknown = references.filter(([, name = '']) => !names.has(name)).map(([text]) => `no block for ${text}`);
  const typed = references.flatMap(([, name = '', attribute = ''], index) => {
    const type = classes.get(name.slice(0, name.lastIndexOf('.')));
    return type ? [`export type Reference${index} = ${type}['${camel(attribute)}'];`] : [];
  });
  writeFileSync(join(provider, 'main.ts'), [...lines, ...typed].join('\n'));
  const complaints = await run(process.execPath, [COMPILER, '--pretty', 'false'], provider).catch(
    (error: Error) => error.message,
  );
  return [...unknown, complaints].join('\n').trim();
}

function* declarationsOf(blocks: NonNullable<Configuration['resource']>, kind: 'resource' | 'data') {
  for (const [type, byName] of Object.entries(blocks)) {
    for (const [name, [body = {}]] of Object.entries(byName)) {
      const file = `lib/${kind === 'data' ? 'data-' : ''}${kind === 'data' ? type : type.slice(4)}`.replaceAll(
        '_',
        '-',
      );
      const block = kind === 'data' ? `data.${type}` : type;
      yield { block, name, file, config: `${pascal(block)}Config`, body };
    }
  }
}

/** Of a configuration with one table, one function and one statement about the table. */
export function renderedByTerraform({ resource = {}, data = {} }: Configuration): Rendered {
  // biome-ignore lint/suspicious/noExplicitAny: what a block has, the test finds out
  const blocks = (kind: Configuration['resource'], type: string): any[] => Object.values(kind?.[type] ?? {}).flat();
  const [id = ''] = Object.keys(resource['aws_dynamodb_table'] ?? {});
  const address = `aws_dynamodb_table.${id}`;
  const table = only(blocks(resource, 'aws_dynamodb_table'));
  const fn = only(blocks(resource, 'aws_lambda_function'));
  const documents = Object.entries(data['aws_iam_policy_document'] ?? {}).map(([name, [body]]) => ({ name, body }));
  // biome-ignore lint/suspicious/noExplicitAny: as above
  const statements: any[] = documents.flatMap(({ name, body }) =>
    ((body?.['statement'] ?? []) as readonly object[]).map((one) => ({ name, ...one })),
  );
  const statement = only(statements.filter(({ resources }) => resources?.includes(`\${${address}.arn}`)));
  const policy = only(blocks(resource, 'aws_iam_role_policy'));
  expect(policy.policy).toBe(`\${data.aws_iam_policy_document.${statement.name}.json}`);
  expect(fn.role.replace('.arn}', '.id}')).toBe(policy.role);
  const conditions = statement.condition.map(({ test, variable, values }: Record<string, string>) => [
    test,
    { [variable ?? '']: values },
  ]);
  const { attribute_name: AttributeName, enabled: Enabled } = only(table.ttl) as Record<string, unknown>;
  const variables: Record<string, string> = only(fn.environment as { variables: Record<string, string> }[]).variables;
  const environment = Object.entries(variables).map(([key, value]) => [
    key,
    value === `\${${address}.name}` ? 'the table' : value,
  ]);
  return {
    table: {
      key: [{ AttributeName: table.hash_key, KeyType: 'HASH' }],
      attributes: table.attribute.map(({ name, type }: Record<string, string>) => ({
        AttributeName: name,
        AttributeType: type,
      })),
      billing: table.billing_mode,
      timeToLive: { AttributeName, Enabled },
      tags: Object.entries(table.tags).map(([Key, Value]) => ({ Key, Value })),
    },
    permission: {
      effect: statement.effect ?? 'Allow',
      actions: new Set(statement.actions),
      conditions: Object.fromEntries(conditions),
    },
    environment: Object.fromEntries(environment),
  };
}

/** The declarations of the provider, with what they need of CDKTF itself. */
async function providerTypes(): Promise<string> {
  const folder = join(FOLDER, `provider-${PROVIDER}`);
  if (!existsSync(folder)) {
    const making = `${folder}.${process.pid}`;
    mkdirSync(making, { recursive: true });
    await run('npm', ['pack', '--silent', '--prefer-offline', `@cdktf/provider-aws@${PROVIDER}`], making);
    const [tarball = ''] = readdirSync(making);
    const only = ['--strip-components=1', '--wildcards', 'package/lib/*/index.d.ts'];
    await run('tar', ['-xzf', tarball, ...only], making);
    rmSync(join(making, tarball));
    // Names alone: a base class that is not found would let any attribute pass.
    const bases = ['TerraformResource', 'TerraformDataSource', 'ComplexObject', 'ComplexList', 'ComplexMap'];
    const maps = ['StringMap', 'BooleanMap', 'NumberMap', 'StringMapList'];
    const classes = [...bases, ...maps].map((name) => `export class ${name} { private readonly is${name}: true }`);
    const interfaces =
      'export interface TerraformMetaArguments {}\nexport interface IResolvable { readonly token: true }';
    writeFileSync(
      join(making, 'cdktf.d.ts'),
      `declare module 'cdktf' {\n${[...classes, interfaces].join('\n')}\n}\ndeclare module 'constructs';\n`,
    );
    const compilerOptions = { noEmit: true, strict: true, skipLibCheck: true, types: [] };
    writeFileSync(join(making, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.ts', 'cdktf.d.ts'] }));
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
  }
  return folder;
}

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
/** `aws_iam_role` is `IamRole`, and `data.aws_iam_role` `DataAwsIamRole`. */
function pascal(block: string): string {
  const name = camel(block.startsWith('data.') ? block.replace('.', '_') : block.replace(/^aws_/, ''));
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** Arguments are in camel case there; the keys of a map of texts are the user's own. */
const MAPS = ['tags', 'variables'];
function camelKeys(value: Value): Value {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    camel(key),
    MAPS.includes(key) ? inner : camelKeys(inner),
  ]);
  return Object.fromEntries(entries);
}

/** A block that may stand once is an object there, and a list of one in what the parser gives. */
const SINGLE = ['ttl', 'environment'];
function literal(value: Value): string {
  return JSON.stringify(value, (key, inner) => (SINGLE.includes(key) && Array.isArray(inner) ? inner[0] : inner), 2);
}
