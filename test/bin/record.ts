/**
 * Records sessions of the command line tool on a terminal, and puts them into docs/cli.md. Needs tmux.
 * Run it after a change, and read the result: `npm run record:cli`. `--help-only` records the help texts alone.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { main } from '../../bin/cli/main.js';
import { formatVersion, holdIdFrom } from '../../runtime/protocol/version.js';
import { clientEnvironment, clientSettings, startServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { bundled } from './tool.js';

const PAGE = 'docs/cli.md';
const TABLE = 'my-locks';

/** One session: the lines that are typed, and the seconds to wait after each. */
interface Session {
  readonly name: string;
  readonly lines: readonly (readonly [keys: string, seconds: number])[];
}

const SESSIONS: readonly Session[] = [
  {
    name: 'run',
    lines: [
      ['cdk-lynk run nightly --verbose -- sh -c "echo backing up; sleep 1"', 4],
      ['echo $?', 1],
      ['cdk-lynk run account/42 -n -- ./charge.sh', 3],
      ['echo $?', 1],
    ],
  },
  {
    name: 'ls',
    lines: [
      ['cdk-lynk ls', 3],
      ['cdk-lynk ls --prefix account/ --json | jq -c ".[] | {name, looksDead}"', 3],
    ],
  },
  { name: 'watch', lines: [['cdk-lynk ls --watch', 6]] },
  { name: 'show', lines: [['cdk-lynk show account/42', 3]] },
  {
    name: 'break',
    lines: [
      ['cdk-lynk break account/42 --reason "hangs since noon"', 3],
      ['y', 3],
      ['cdk-lynk ls --prefix account/42', 3],
    ],
  },
  { name: 'tables', lines: [['cdk-lynk tables', 3]] },
];

const server = await startServer();
const client = new DynamoDBClient(clientSettings(server.endpoint));
const tool = await bundled();
const tmux = (...args: readonly string[]): string =>
  execFileSync('tmux', ['-L', `lynk-${process.pid}`, ...args], { encoding: 'utf8' });

async function put(name: string, host: string, lease: number, agoSeconds: number, more = {}): Promise<void> {
  const stampMs = Date.now() - agoSeconds * 1000;
  const version = formatVersion({ stampMs, timed: true, holdId: holdIdFrom(Buffer.from(name.padEnd(10))) });
  const Item = {
    lockKey: { S: name },
    leaseDuration: { N: String(lease) },
    versionNumber: { S: version },
    hostIdentifier: { S: host },
    ...more,
  };
  await client.send(new PutItemCommand({ TableName: TABLE, Item }));
}

async function record({ name, lines }: Session): Promise<string> {
  await put('account/42', 'billing/2026/11/24/[$LATEST]5e1c/8f0d', 60, 4, { data: { S: '{"invoice":1871}' } });
  await put('account/77', 'billing/2026/11/24/[$LATEST]77aa/03be', 10, 1260);
  await put('deploy/prod', 'runner-7/4711', 20, 3);
  const env = { ...clientEnvironment(server.endpoint), LYNK_TABLE_NAME: TABLE };
  const settings = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  const shell = `cdk-lynk() { ${process.execPath} ${tool.path} "$@"; }`;
  tmux('new-session', '-d', '-s', name, '-x', '112', '-y', '40', ...settings, 'bash --norc --noprofile');
  tmux('send-keys', '-t', name, `${shell}; PS1='$ '; clear`, 'Enter');
  await sleep(1000);
  for (const [keys, seconds] of lines) {
    tmux('send-keys', '-t', name, '-l', keys);
    tmux('send-keys', '-t', name, 'Enter');
    await sleep(seconds * 1000);
  }
  const screen = tmux('capture-pane', '-p', '-t', name);
  tmux('kill-session', '-t', name);
  return screen.replace(/(\n\$ ?)?\s*$/, '\n');
}

/** Puts text between the markers of this name. */
function replaced(page: string, name: string, text: string): string {
  const marked = new RegExp(`(<!-- ${name} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!marked.test(page)) throw new Error(`${PAGE} has no place for ${name}`);
  return page.replace(marked, (_, begin, end) => `${begin}\n\`\`\`console\n${text}\`\`\`\n\n${end}`);
}

async function help(args: readonly string[]): Promise<string> {
  let text = '';
  const quiet = { isInteractive: false, width: undefined, complain: () => {}, colour: (_: string, one: string) => one };
  await main(args, {
    ...quiet,
    print: (one) => {
      text += one;
    },
    confirm: async () => false,
  });
  return `$ cdk-lynk ${args.join(' ')}\n${text}`;
}

try {
  const Replicas = [{ Tags: [{ Key: 'lynk', Value: 'lock-table' }] }];
  await createTable(client, { ...lockTable(TABLE), Replicas });
  await createTable(client, lockTable('something-else'));
  let page = readFileSync(PAGE, 'utf8');
  for (const command of ['', 'run ', 'ls ', 'show ', 'break ', 'tables ', 'completion ']) {
    page = replaced(page, `help ${command}`.trim(), await help(`${command}--help`.split(' ')));
  }
  writeFileSync(PAGE, page);
  if (!process.argv.includes('--help-only')) {
    for (const session of SESSIONS) page = replaced(page, `session ${session.name}`, await record(session));
    writeFileSync(PAGE, page);
  }
} finally {
  tool.discard();
  client.destroy();
  await server.stop();
}
