import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings, startServer } from '../../test/server/index.js';
import { createTable, lockTable } from '../../test/server/table.js';
import { CONTESTANTS, type Contestant, type Discipline } from './contestants.js';
import { installForJava, installForNode, installForPython, type Launch } from './install.js';
import { aloneOf, besideOthersOf, type Enlist, type Figures, type Results } from './match.js';
import { Worker } from './worker.js';

const FLOOR_TABLE = 'floor';

/** A contestant and its results. */
export interface Outcome extends Pick<Contestant, 'id' | 'name' | 'way' | 'version' | 'language' | 'cannot'> {
  readonly results: Results;
  /** The failures, if there are any. */
  readonly failures: Partial<Record<Discipline, string>>;
}

export type Language = Contestant['language'];

/** A signal that is given once enough contestants are ready. */
class Start {
  readonly given: Promise<void>;
  private give = (): void => {};

  constructor(private missing: number) {
    this.given = new Promise((resolve) => {
      this.give = resolve;
    });
  }

  arrive(): void {
    this.missing -= 1;
    if (this.missing === 0) this.give();
  }
}

/** All contestants of these languages, on one embedded server. */
export async function tournament(
  languages: readonly Language[],
  tell: (line: string) => void,
  only?: string,
): Promise<Outcome[]> {
  const launches: Partial<Record<Language, Launch>> = {
    ...(languages.includes('Node.js') && { 'Node.js': await installForNode() }),
    ...(languages.includes('Python') && { Python: installForPython() }),
    ...(languages.includes('Java') && { Java: installForJava() }),
  };
  const server = await startServer();
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  const outcomes = CONTESTANTS.filter(({ id }) => only === undefined || only === id)
    .filter(({ language }) => languages.includes(language))
    .map((contestant) => ({ contestant, results: {} as Results, failures: {} as Outcome['failures'] }));

  const measure = async (
    { contestant, results, failures }: (typeof outcomes)[number],
    measures: ReturnType<typeof aloneOf>,
    discipline: Discipline,
    start = new Start(1),
  ): Promise<void> => {
    const run = measures[discipline];
    const launch = launches[contestant.language];
    let isReady = false;
    const ready = (): Promise<void> => {
      if (!isReady) start.arrive();
      isReady = true;
      return start.given;
    };
    if (!run || !launch || contestant.cannot[discipline]) return void ready();
    const workers: Worker[] = [];
    const enlist: Enlist = async (leaseSeconds, counted = 'counted') => {
      const assignment = {
        endpoint: server.endpoint,
        table: contestant.table.TableName,
        floorTable: FLOOR_TABLE,
        leaseSeconds,
        variant: contestant.id,
      };
      const worker = await Worker.start(launch, assignment, counted === 'counted');
      workers.push(worker);
      return worker;
    };
    try {
      const figures: Figures = await run(enlist, contestant, ready);
      results[discipline] = figures;
      const rounded = Object.entries(figures).map(([name, value]) => `${name} ${Number(value.toFixed(2))}`);
      tell(`${contestant.id}\t${discipline}\t${rounded.join(', ')}`);
    } catch (error) {
      // The other contestants are still measured.
      failures[discipline] = String(error);
      tell(`${contestant.id}\t${discipline}\tfailed: ${error}`);
    } finally {
      void ready();
      await Promise.all(workers.map((worker) => worker.kill()));
    }
  };

  try {
    await createTable(client, lockTable(FLOOR_TABLE));
    for (const { contestant } of outcomes) await createTable(client, contestant.table);
    for (const outcome of outcomes) {
      const measures = aloneOf(outcome.contestant);
      for (const discipline of Object.keys(measures) as Discipline[]) await measure(outcome, measures, discipline);
    }
    const beside = outcomes.flatMap((outcome) => {
      const measures = besideOthersOf(outcome.contestant);
      return (Object.keys(measures) as Discipline[]).map((discipline) => ({ outcome, measures, discipline }));
    });
    const start = new Start(beside.length);
    await Promise.all(beside.map(({ outcome, measures, discipline }) => measure(outcome, measures, discipline, start)));
  } finally {
    client.destroy();
    await server.stop();
  }
  return outcomes.map(({ contestant: { table: _, waits: __, ...about }, results, failures }) => ({
    ...about,
    results,
    failures,
  }));
}
