import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { withoutSdkNotice } from '../../bin/cli/sdk-notice.js';
import { getLockFactory } from '../../runtime/index.js';
import { clientEnvironment, clientSettings, startServer } from '../../test/server/index.js';
import { createTable, deleteTable, type TableResource, tableIn } from '../../test/server/table.js';
import { lockLogger, log } from './event-log.js';
import { logOf, pictureOf } from './picture.js';
import { chapter, type Entry, explain, show } from './telling.js';

const FOLDER = '.cache/quickstart';
const EVENT_LOG = `${FOLDER}/events.jsonl`;
const PICTURE = `${FOLDER}/timeline.svg`;

/**
 * The main job, on a DynamoDB-compatible server of this machine: the table that `cdk deploy` would
 * provision, two workers that want the same lock, and a third that dies with it. At the end the run is drawn.
 */
withoutSdkNotice();
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const server = await startServer();
console.log('Four workers and one lock. It takes half a minute.\n');
console.log(`DynamoDB: a compatible server on this machine (${server.name}, ${server.endpoint})`);
try {
  const table = synthesizedTable();
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  await createTable(client, table);
  console.log(`Table: ${table.TableName}, created as the CDK app synthesizes it`);
  try {
    await contend(client, table.TableName);
    await takeOver(client, table.TableName);
  } finally {
    await deleteTable(client, table.TableName);
    client.destroy();
  }
  writeFileSync(PICTURE, pictureOf(logOf(readFileSync(EVENT_LOG, 'utf8'))));
  console.log('\nThe lock had one holder at a time, and the crash blocked it for seconds only.');
  console.log(`Table removed: ${table.TableName}`);
  console.log(`A picture of this run: ${PICTURE}`);
} finally {
  await server.stop();
}

/** What `cdk deploy` would send to CloudFormation. */
function synthesizedTable(): TableResource {
  const output = mkdtempSync(join(tmpdir(), 'cdk-lynk-'));
  try {
    // As the CDK's CLI runs the app of cdk.json; without the CLI and the judge of templates it takes a fifth of the time.
    const env = { ...process.env, CDK_OUTDIR: output, CDK_VALIDATION: 'false' };
    execFileSync(process.execPath, ['--import', 'tsx', 'bin/app.ts'], { env, stdio: 'pipe' });
    return tableIn(JSON.parse(readFileSync(join(output, 'LynkLocks-lynk-quickstart.template.json'), 'utf8')));
  } finally {
    rmSync(output, { recursive: true });
  }
}

/** Two processes want the lock at once; whoever has it works for longer than its lease. */
async function contend(client: DynamoDBClient, tableName: string): Promise<void> {
  chapter(1, 'Two workers want the same lock at once. One gets it, the other waits.');
  // Nobody gets the lock before both are there to want it.
  const startingGate = await getLockFactory(tableName, { client }).createLock('my lock').acquire();
  const workers = [startWorker('Worker-1', tableName), startWorker('Worker-2', tableName)];
  await Promise.all(workers.map((worker) => worker.said('Starting')));
  await startingGate.release();
  log(EVENT_LOG, { who: 'all', what: 'go' });
  await Promise.race(workers.map((worker) => worker.said('Lock acquired')));
  const atFirst = await entryIn(client, tableName);
  explain('Its entry in the table:');
  show(atFirst);
  await sleep(2500);
  const later = await entryIn(client, tableName);
  const version = later['versionNumber']?.S;
  if (version === atFirst['versionNumber']?.S) throw new Error('the version did not change: no refresh');
  explain('Its lease is 3 s and its work takes 4 s, so the client refreshes the lease meanwhile:');
  explain(`  versionNumber   ${version}`);
  await Promise.all(workers.map((worker) => worker.succeeded()));
}

/** A worker is killed with the lock in its hands; somebody who never saw the lock before takes it over. */
async function takeOver(client: DynamoDBClient, tableName: string): Promise<void> {
  chapter(2, 'A third worker is killed while it holds the lock. Nobody releases it.');
  const victim = startWorker('Worker-3', tableName);
  await victim.said('Lock acquired');
  await sleep(800);
  victim.kill();
  await victim.ended;
  log(EVENT_LOG, { who: 'Worker-3', what: 'killed' });
  const killedAt = performance.now();
  console.log('Worker-3 - Killed');
  explain('Its entry stays in the table:');
  show(await entryIn(client, tableName));
  await sleep(7500);
  chapter(3, 'A fourth worker comes later, and has never seen the lock before.');
  log(EVENT_LOG, { who: 'Worker-4', what: 'started' });
  const logger = lockLogger('Worker-4', EVENT_LOG);
  const lock = getLockFactory(tableName, { client, hostIdentifier: `Worker-4/${process.pid}`, logger }).createLock(
    'my lock',
  );
  const askedAt = performance.now();
  const held = await lock.tryAcquire();
  if (!held) throw new Error('the dead holder was not taken over at first sight');
  const now = performance.now();
  console.log('Worker-4 - Lock acquired');
  explain(
    `At first sight: it asked ${((askedAt - killedAt) / 1000).toFixed(1)} s after the kill, and held the lock ` +
      `${(now - askedAt).toFixed(0)} ms later.`,
  );
  explain('The lease (3 s) and the tolerance for clocks (3 s) were over, so it did not have to wait.');
  await sleep(800);
  await held.release();
  console.log('Worker-4 - Lock released');
}

async function entryIn(client: DynamoDBClient, tableName: string): Promise<Entry> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
  const [entry] = Items;
  if (!entry) throw new Error('there is no entry in the table');
  return entry;
}

function startWorker(name: string, tableName: string) {
  const env = { ...process.env, ...clientEnvironment(server.endpoint), LYNK_TABLE_NAME: tableName, EVENT_LOG };
  log(EVENT_LOG, { who: name, what: 'started' });
  const script = fileURLToPath(new URL('worker.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, name], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => console.log(line));
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => {
      process.off('exit', kill);
      resolve(code);
    });
  });
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      lines.on('line', (line) => line === `${name} - ${text}` && resolve());
      void ended.then(() => reject(new Error(`${name} ended before "${text}": ${complaints}`)));
    });
  const succeeded = async (): Promise<void> => {
    if ((await ended) !== 0) throw new Error(`${name} failed: ${complaints}`);
  };
  return { said, ended, succeeded, kill };
}
