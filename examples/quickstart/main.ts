import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { getLockFactory } from '../../runtime/index.js';
import { clientEnvironment, clientSettings, startServer } from '../../test/server/index.js';
import { createTable, deleteTable, type TableResource, tableIn } from '../../test/server/table.js';
import { lockLogger, log } from './event-log.js';
import { logOf, pictureOf } from './picture.js';

const FOLDER = '.cache/quickstart';
const EVENT_LOG = `${FOLDER}/events.jsonl`;
const PICTURE = `${FOLDER}/timeline.svg`;

/**
 * The main job, on a DynamoDB-compatible server of this machine: the table that `cdk deploy` would
 * provision, two workers that want the same lock, and a third that dies with it. At the end the run is drawn.
 */
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
const server = await startServer();
console.log(`DynamoDB: ${server.name}, ${server.endpoint}`);
try {
  const table = synthesizedTable();
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  await createTable(client, table);
  console.log(`Table: ${table.TableName}, created as the CDK app synthesizes it\n`);
  try {
    await contend(client, table.TableName);
    await takeOver(client, table.TableName);
  } finally {
    await deleteTable(client, table.TableName);
    client.destroy();
  }
  console.log(`\nTable removed: ${table.TableName}`);
  writeFileSync(PICTURE, pictureOf(logOf(readFileSync(EVENT_LOG, 'utf8'))));
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
  // Nobody gets the lock before both are there to want it.
  const startingGate = await getLockFactory(tableName, { client }).createLock('my lock').acquire();
  const workers = [startWorker('Worker-1', tableName), startWorker('Worker-2', tableName)];
  await Promise.all(workers.map((worker) => worker.said('Starting')));
  await startingGate.release();
  log(EVENT_LOG, { who: 'all', what: 'go' });
  await Promise.race(workers.map((worker) => worker.said('Lock acquired')));
  const atFirst = await showEntry(client, tableName);
  await sleep(2500);
  const later = await showEntry(client, tableName);
  if (atFirst === later) throw new Error('the version number did not change: the lease was not refreshed');
  console.log(`  The version number changed: the lease of 3 s is refreshed while the work goes on.\n`);
  await Promise.all(workers.map((worker) => worker.succeeded()));
}

/** A worker is killed with the lock in its hands; somebody who never saw the lock before takes it over. */
async function takeOver(client: DynamoDBClient, tableName: string): Promise<void> {
  console.log('\nA third worker is killed while it holds the lock.');
  const victim = startWorker('Worker-3', tableName);
  await victim.said('Lock acquired');
  await sleep(800);
  victim.kill();
  await victim.ended;
  log(EVENT_LOG, { who: 'Worker-3', what: 'killed' });
  const killedAt = performance.now();
  console.log('Worker-3 - Killed');
  await sleep(7500);
  await showEntry(client, tableName);
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
  console.log(
    `  At first sight: it asked ${((askedAt - killedAt) / 1000).toFixed(1)} s after the kill (lease 3 s + tolerance ` +
      `3 s were over) and held ${(now - askedAt).toFixed(0)} ms later.`,
  );
  await sleep(800);
  await held.release();
  console.log('Worker-4 - Lock released');
}

/** Prints the lock's entry as a table scan shows it, and returns its version number. */
async function showEntry(client: DynamoDBClient, tableName: string): Promise<string | undefined> {
  const { Items = [] } = await client.send(new ScanCommand({ TableName: tableName, ConsistentRead: true }));
  for (const item of Items) {
    for (const attribute of ['lockKey', 'leaseDuration', 'versionNumber', 'hostIdentifier', 'expiresAt']) {
      console.log(`  ${attribute.padEnd(14)}  ${JSON.stringify(item[attribute])}`);
    }
  }
  return Items[0]?.['versionNumber']?.S;
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
