import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lowestPeers } from '../../packaging/manifest.js';
import { packFor } from '../../packaging/pack.js';
import { run } from '../../packaging/run.js';
import { getLockFactory } from '../../runtime/index.js';
import { FakeAws } from '../deploy/fake-aws.js';
import { publicNames, StackFolder } from './languages/stack-folder.js';

/** The wheel as PyPI would have it, in a virtual environment with nothing else but the CDK. */
const apps = new StackFolder();
const environment = join(apps.folder, 'venv');
const python = join(environment, 'bin/python');
const inPython = (stack: string, file: string) =>
  apps.template(stack, python, ['-W', 'error::DeprecationWarning:__main__', file], {
    // What the first app has compiled of the CDK, the second need not.
    PYTHONDONTWRITEBYTECODE: '',
  });

beforeAll(async () => {
  await Promise.all([packFor('python'), run('python3', ['-m', 'venv', environment], '.')]);
  const wheels = readdirSync('build/python').filter((name) => name.endsWith('.whl'));
  expect(wheels).toHaveLength(1);
  const wanted = [join('build/python', wheels[0] ?? ''), `aws-cdk-lib==${lowestPeers()['aws-cdk-lib']}`];
  // An app imports a few of the CDK's modules: to compile all of them takes longer than the app.
  await run(python, ['-m', 'pip', 'install', '--quiet', '--no-compile', ...wanted], resolve('.'));
}, 1_800_000);
afterAll(() => apps.remove());

const asInPython = (name: string): string =>
  /^[A-Z]/.test(name) ? name : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Of `ITableRef`, which grants take: no app has to name it. */
const UNNAMED = ['tableRef'];

test('the apps name every construct, prop, method and attribute that there is', () => {
  const [javaScript, inSnakes] = ['app.mjs', 'app.py'].map((file) =>
    readFileSync(join('test/package/languages', file), 'utf8'),
  );
  const names = publicNames().filter((name) => !UNNAMED.includes(name));
  const missing = (text = '', spelled = (name: string): string => name): string[] =>
    names.filter((name) => !new RegExp(`\\b${spelled(name)}\\b`).test(text));

  expect(names).toEqual(expect.arrayContaining(['LynkLockTable', 'leaseDuration', 'fromLynkLockTableArn', 'protect']));
  expect(missing(javaScript)).toEqual([]);
  expect(missing(inSnakes, asInPython)).toEqual([]);
});

test('an app in Python has the template of the same app in JavaScript', async () => {
  copyFileSync('test/package/languages/app.py', join(apps.folder, 'app.py'));
  const [ofPython, ofJavaScript] = await Promise.all([inPython('Everything', 'app.py'), apps.ofJavaScript()]);

  expect(Object.keys(ofJavaScript['Resources'] as object).length).toBeGreaterThan(40);
  expect(ofPython).toEqual(ofJavaScript);
});

/** The blocks of Python on the page for its users. */
const blocks = [...readFileSync('docs/python.md', 'utf8').matchAll(/^```python\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code ?? '',
);

const blockWith = (text: string): string => blocks.find((code) => code.includes(text)) ?? '';

/** The app of the page: its stack, and the handler that the stack deploys. */
function writePage(): void {
  const making = 'from aws_cdk import App\n\napp = App()\nBillingStack(app, "Billing")\napp.synth()\n';
  const code = join(apps.folder, 'billing');
  const stack = blockWith('class BillingStack').replace('from_asset("billing")', `from_asset("${code}")`);
  writeFileSync(join(apps.folder, 'page.py'), `${stack}\n${making}`);
  mkdirSync(code);
  writeFileSync(join(code, 'billing.py'), blockWith('time.sleep =') + blockWith('def handler'));
}

test('the wheel runs nothing, needs the CDK alone, and shows Python on PyPI', async () => {
  const script = `
import json
from importlib.metadata import distribution
d = distribution('cdk-lynk')
scripts = [str(f) for f in d.files if 'bin/' in str(f)]
print(json.dumps({'scripts': scripts, 'requires': d.requires, 'readme': d.metadata.get_payload(), 'classifiers': d.metadata.get_all('Classifier')}))`;
  const said = JSON.parse(await run(python, ['-c', script], apps.folder)) as {
    readonly scripts: readonly string[];
    readonly requires: readonly string[];
    readonly readme: string;
    readonly classifiers: readonly string[];
  };
  expect(said.scripts).toEqual([]);
  const [cdk, ...others] = said.requires.filter((line) => !/^(?:jsii|publication|typeguard)\b/.test(line));
  expect(cdk).toMatch(/^aws-cdk-lib[ (]*<3\.0\.0,>=2\.230\.0/);
  expect(others).toEqual([expect.stringMatching(/^constructs[ (]*<11\.0\.0,>=10\.0\.0/)]);
  expect(said.classifiers).toContain('Framework :: AWS CDK');
  expect(said.readme).toContain('locks = LynkLockTable(self, "Locks")');
  expect(said.readme).toContain('```tsx\nimport { type InvocationContext');
  expect(said.readme).not.toMatch(/```python\n(?:import|export)? ?\{/);
  // There is no folder beside it there.
  const links = [...said.readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link ?? '');
  expect(links.length).toBeGreaterThan(30);
  expect(links.filter((link) => !/^(?:https:\/\/|#)/.test(link))).toEqual([]);
});

describe('deployed by the CDK CLI', () => {
  let aws: FakeAws;
  beforeAll(async () => {
    aws = await FakeAws.start();
    expect(await aws.bootstrap()).toMatchObject({ code: 0 });
  });
  afterAll(() => aws?.stop());

  /** What the function in Python answers, in the environment that it was deployed with. */
  async function invokeInPython(environment: Readonly<Record<string, string>>): Promise<string> {
    const program = "import billing; print(billing.handler({'accountId': '7'}, None))";
    const env = { ...aws.environment, ...environment };
    return (await run(aws.python, ['-c', program], join(apps.folder, 'billing'), env)).trim();
  }

  test('functions in Python and in TypeScript contend for a lock of the table that a stack in Python made', async () => {
    writePage();
    const app = `PYTHONDONTWRITEBYTECODE= ${python} ${join(apps.folder, 'page.py')}`;
    const how = ['--method=direct', '--no-previous-parameters', '--require-approval', 'never'];
    expect(await aws.cdk('deploy', '--app', app, ...how)).toMatchObject({ code: 0 });
    const { environments } = await aws.deployed();
    expect(environments).toEqual([{ LYNK_TABLE_NAME: expect.any(String), LYNK_LEASE_SECONDS: '20' }]);
    const [environment = {}] = environments;
    // Without it, lynk's first write is refused. The stand-in for AWS lets everybody write.
    expect(readFileSync('.cache/deploy/cdk.out/Billing.template.json', 'utf8')).toContain('"dynamodb:PutItem"');

    expect(await invokeInPython(environment)).toBe('charged 7');
    // As the client finds them in a function's environment.
    Object.assign(process.env, aws.environment);
    const locks = getLockFactory(environment['LYNK_TABLE_NAME'], { leaseSeconds: 1 });
    const held = await locks.createLock('account/7').acquire();
    const events: string[] = [];
    const waiting = invokeInPython(environment).then((answer) => events.push(answer));
    // Longer than the lease: Python has seen the lock held, and that it was refreshed.
    await sleep(4000);
    held.assertHeld();
    events.push('released');
    await held.release();
    await waiting;
    expect(events).toEqual(['released', 'charged 7']);
  });
});
