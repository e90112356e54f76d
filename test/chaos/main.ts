import { mkdirSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { getLockFactory } from '../../runtime/index.js';
import { clientSettings } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { CounterKeeper, journalPath, type KeptWrite, readCounter } from './counter-keeper.js';
import { CrewMember, type Job } from './crew.js';
import { type DatabaseKind, startDatabase } from './database.js';
import { drawFaults } from './faults.js';
import { type JournalLine, nowUs, readJournal } from './journal.js';
import { Storm } from './storm.js';
import { bundledWorker, CHAOS_FOLDER, porcupineJudge, pythonWithLynk, toxiproxy } from './toolchain.js';
import { Toxiproxy } from './toxiproxy.js';
import { linearizability, type Remark } from './verdict/history.js';
import { lostUpdates } from './verdict/lost-updates.js';
import { describeOverlap, overlaps } from './verdict/overlaps.js';
import { beliefOf, type Section, sectionsOf } from './verdict/section.js';

/**
 * Real processes and real servers in trouble: 6 TypeScript workers and 2 on the Python package contend for 3
 * locks through a network that delays, throttles, resets, swallows and cuts, while they are killed, stopped
 * and continued, and while the database crashes and comes back. One seed draws all faults and all work; how real
 * processes meet them differs from run to run, so a seed is a place to look, not a replay.
 *
 *     npx tsx test/chaos/main.ts [--seconds 60] [--seed N] [--server embedded|dynamodb-local] [--planted-bug]
 *
 * Afterwards the journals are judged: do two sections overlap that both believed, did a counter lose an
 * update, and is the history of the locks linearizable? Exit code 0: nothing found. 1: found, each finding on
 * a line. 2: the suite itself failed, or the run was too tame to prove anything.
 *
 * With `--planted-bug` one worker ignores its deadline, which is to be found. Everything that a run leaves,
 * with porcupine's picture of its history, is in `.cache/chaos/<seed>/`.
 */
const TABLE = 'chaos-locks';
const LOCKS = ['red', 'green', 'blue'];
const LANGUAGES = [...new Array(6).fill('typescript'), ...new Array(2).fill('python')] as ('typescript' | 'python')[];

/** A section takes about 5 s at most, and an answer may still be on its way. */
const FINISH_MS = 15_000;

async function main(): Promise<number> {
  const { seconds, seed, server, plantedBug } = settings();
  console.log(`seed ${seed}`);
  const folder = join(CHAOS_FOLDER, String(seed));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tools = { toxiproxy: toxiproxy(), judge: porcupineJudge() };
  const commands = { typescript: bundledWorker(folder), python: pythonWithLynk() };

  const database = await startDatabase(server, folder);
  const client = new DynamoDBClient(clientSettings(`http://${database.address}`));
  await createTable(client, lockTable(TABLE));
  await warmUp(client);
  const network = await Toxiproxy.start(tools.toxiproxy);
  const keeper = await CounterKeeper.start(folder, LOCKS);
  const job: Job = { folder, seed, commands, table: TABLE, locks: LOCKS, counterPort: keeper.port };
  const crew = await Promise.all(
    LANGUAGES.map(async (language, index) => {
      const place = `w${index}`;
      const endpoint = `http://${await network.open(place, database.address)}`;
      return new CrewMember(place, language, endpoint, plantedBug && index === 0, job);
    }),
  );

  const startUs = nowUs();
  const crashIntervalMs = database.crashing?.intervalMs;
  const faults = drawFaults(seed, { seconds, workers: crew.length, crashIntervalMs });
  for (const member of crew) member.start();
  const remarks = await new Storm(crew, network, database, keeper, folder).rage(faults);
  await Promise.all(crew.map((member) => member.finish(FINISH_MS)));
  const left = await locksLeftBehind(client);
  client.destroy();
  keeper.stop();
  await network.stop();
  await database.stop();
  for (const { failure } of crew) if (failure) throw failure;

  const journals = crew.flatMap((member) => member.journals);
  const sections = journals.flatMap((path) => sectionsOf(basename(path, '.ndjson'), readJournal<JournalLine>(path)));
  const writes = readJournal<KeptWrite>(journalPath(folder));
  const picture = relative('.', join(folder, 'history.html'));
  const findings = [
    ...overlaps(sections).map((overlap) => describeOverlap(overlap, startUs)),
    ...lostUpdates(writes),
    ...wrongCounters(folder, writes),
    ...left,
  ];
  const verdict = linearizability(tools.judge, folder, sections, remarks);
  if (verdict === 'Illegal') findings.push(`porcupine: ${verdict}, see ${picture}`);

  console.log(`server ${database.name}, ${seconds} s${plantedBug ? ', w0 ignores its deadline' : ''}`);
  const tame = report(sections, writes, remarks, seconds);
  console.log(`porcupine: ${verdict}, ${picture}`);
  for (const finding of findings) console.log(`found: ${finding}`);
  if (findings.length > 0) return 1;
  if (verdict !== 'Ok') throw new Error(`porcupine did not come to a verdict: ${verdict}`);
  if (tame.length > 0) throw new Error(`the run proves too little: no ${tame.join(', no ')}`);
  console.log('nothing found');
  return 0;
}

/** DynamoDB Local takes seconds for its first answers; the workers would only wait for them. */
async function warmUp(client: DynamoDBClient): Promise<void> {
  const factory = getLockFactory(TABLE, { client });
  for (let holds = 0; holds < 50; holds += 1) await factory.withLock('warm-up', () => undefined);
}

/** Counters that are not the number of their updates. */
function wrongCounters(folder: string, writes: readonly KeptWrite[]): string[] {
  return LOCKS.flatMap((lock) => {
    const expected = writes.filter((write) => write.lock === lock && write.accepted).length;
    const stands = readCounter(folder, lock);
    return stands === expected ? [] : [`the counter of ${lock} is ${stands} after ${expected} updates`];
  });
}

/** Locks that cannot be had, although everyone is gone: there must be none. */
async function locksLeftBehind(client: DynamoDBClient): Promise<string[]> {
  const factory = getLockFactory(TABLE, { client, leaseSeconds: 3, waitSeconds: 10 });
  const outcomes = await Promise.allSettled(LOCKS.map((lock) => factory.withLock(lock, () => undefined)));
  return outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
}

/** Prints what happened, and returns what should have happened but did not. */
function report(
  sections: readonly Section[],
  writes: readonly KeptWrite[],
  remarks: readonly Remark[],
  seconds: number,
): string[] {
  const held = sections.filter(beliefOf);
  const byPython = held.filter(({ worker }) => LANGUAGES[Number(worker.slice(1).split('.')[0])] === 'python');
  const faultsOf = (...kinds: string[]): number => remarks.filter(({ text }) => kinds.includes(text)).length;
  const counts = {
    sections: held.length,
    'sections by Python': byPython.length,
    'refused acquires': sections.filter(({ refusedAt }) => refusedAt !== undefined).length,
    'losses told': held.filter(({ lostAt }) => lostAt !== undefined).length,
    updates: writes.filter(({ accepted }) => accepted).length,
    'writes too late': writes.filter(({ accepted }) => !accepted).length,
    'network faults': remarks.length - faultsOf('kill', 'stop', 'crash'),
    kills: faultsOf('kill'),
    stops: faultsOf('stop'),
    'database crashes': faultsOf('crash'),
  };
  console.log(
    Object.entries(counts)
      .map(([what, count]) => `${what} ${count}`)
      .join(', '),
  );
  const least: Partial<Record<keyof typeof counts, number>> = {
    sections: seconds / 4,
    'sections by Python': seconds / 60,
    'losses told': seconds / 60,
    updates: seconds / 6,
    'network faults': seconds / 4,
    kills: seconds / 30,
    stops: seconds / 15,
  };
  const entries = Object.entries(least) as [keyof typeof counts, number][];
  return entries.flatMap(([what, enough]) => (counts[what] < enough ? [`${Math.ceil(enough)} ${what}`] : []));
}

function settings(): { seconds: number; seed: number; server: DatabaseKind; plantedBug: boolean } {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      server: { type: 'string', default: 'embedded' },
      'planted-bug': { type: 'boolean', default: false },
    },
  });
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!(seconds >= 5) || !Number.isSafeInteger(seed) || seed < 0) throw new Error('--seconds from 5, --seed from 0');
  if (values.server !== 'embedded' && values.server !== 'dynamodb-local') {
    throw new Error('--server embedded or --server dynamodb-local');
  }
  return { seconds, seed, server: values.server, plantedBug: values['planted-bug'] };
}

// The exit handler of child.ts kills what runs.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
process.once('SIGHUP', () => process.exit(129));
try {
  process.exit(await main());
} catch (error) {
  console.error(error);
  process.exit(2);
}
