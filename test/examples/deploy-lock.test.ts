import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bundled, Started, until } from '../bin/tool.js';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';

/** What a runner types to deploy, as the workflow says. */
function deployment(): string {
  const steps = [...readFileSync('examples/deploy-lock/deploy.yml', 'utf8').matchAll(/^ +- run: (.*)$/gm)];
  const [only = '', ...more] = steps.map(([, command]) => command ?? '').filter((one) => one.includes('cdk-lynk run'));
  expect(more).toEqual([]);
  return only;
}

/** Stands for npx: `cdk-lynk` is the tool, and `cdk` a deployment that ends once the file `go` is there. */
const NPX = `#!/bin/sh
case "$1" in
  cdk-lynk) shift; exec "$NODE" "$TOOL" "$@" ;;
  cdk)
    echo "begin $RUNNER: $*" >> "$JOURNAL"
    while [ ! -e "$GO" ]; do sleep 0.05; done
    echo "end $RUNNER" >> "$JOURNAL"
    exit "$CODE" ;;
esac
`;

test('deploy-lock: of two runners one deploys while the other waits, and the code is the deployment’s', async () => {
  const folder = resolve(`.cache/deploy-lock/${process.pid}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/npx`, NPX);
  chmodSync(`${folder}/npx`, 0o755);
  const [rig, tool] = await Promise.all([Rig.start(), bundled()]);
  try {
    const [journal, go] = [`${folder}/journal`, `${folder}/go`];
    const env = {
      ...clientEnvironment(rig.server.endpoint),
      ...{ LYNK_TABLE_NAME: rig.tableName, NODE: process.execPath, TOOL: tool.path, JOURNAL: journal, GO: go },
      PATH: `${folder}:${process.env['PATH']}`,
    };
    const lines = (): string[] => (existsSync(journal) ? readFileSync(journal, 'utf8').trimEnd().split('\n') : []);
    const runner = (name: string, code: string) =>
      new Started('sh', ['-c', deployment()], { ...env, RUNNER: name, CODE: code });

    const first = runner('first', '3');
    await until(() => lines().length === 1, 'that the first deploys');
    const second = runner('second', '0');
    await until(() => second.complaints.includes('is waited for'), 'that the second waits');
    expect(lines()).toEqual(['begin first: cdk deploy --all --require-approval never']);
    writeFileSync(go, '');

    expect(await Promise.all([first.ended, second.ended])).toEqual([3, 0]);
    expect(lines().map((line) => line.split(':')[0])).toEqual([
      'begin first',
      'end first',
      'begin second',
      'end second',
    ]);
    expect(await rig.lockNames()).toEqual([]);
  } finally {
    await Started.endAll();
    await rig.stop();
    tool.discard();
    rmSync(folder, { recursive: true, force: true });
  }
}, 180_000);
