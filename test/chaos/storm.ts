import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CounterKeeper } from './counter-keeper.js';
import type { CrewMember } from './crew.js';
import type { Database } from './database.js';
import type { Fault, WorkerFault } from './faults.js';
import { Journal, nowUs } from './journal.js';
import type { Toxiproxy } from './toxiproxy.js';
import type { Remark } from './verdict/history.js';

/** A process that has only just been started again is left alone for as long. */
const START_MS = 1000;

type Undo = () => Promise<void>;

/** Inflicts faults on the workers, their ways to the database, and the database. */
export class Storm {
  /** Of the places in the crew, those whose process, or whose way, suffers already: one fault at a time. */
  private readonly struck = { process: new Set<CrewMember>(), network: new Set<CrewMember>() };
  private readonly remarks: Remark[] = [];
  private readonly journal: Journal;

  constructor(
    private readonly crew: readonly CrewMember[],
    private readonly toxiproxy: Toxiproxy,
    private readonly database: Database,
    private readonly keeper: CounterKeeper,
    folder: string,
  ) {
    this.journal = new Journal(join(folder, 'faults.ndjson'));
  }

  /** Resolves when all faults are undone: to what was done, and when. */
  async rage(faults: readonly Fault[]): Promise<Remark[]> {
    const startMs = performance.now();
    const strike = async (fault: Fault): Promise<void> => {
      await sleep(Math.max(0, startMs + fault.atMs - performance.now()));
      await ('worker' in fault ? this.strikeWorker(fault) : this.crash(fault.lastsMs));
    };
    await Promise.all(faults.map(strike));
    this.journal.close();
    return this.remarks;
  }

  private async strikeWorker(fault: WorkerFault): Promise<void> {
    const { kind } = fault.what;
    const struck = kind === 'kill' || kind === 'stop' ? this.struck.process : this.struck.network;
    const victim = this.victims(fault).find((member) => !struck.has(member));
    if (!victim) return;
    struck.add(victim);
    const text =
      kind === 'toxic'
        ? Object.values(fault.what.toxic)
            .map((part) => JSON.stringify(part))
            .join(' ')
        : kind;
    await this.suffer(victim.place, text, fault.lastsMs, () => this.inflict(fault.what, victim));
    if (kind === 'kill') await sleep(START_MS);
    struck.delete(victim);
  }

  /** Those inside a section first, where the fault is aimed, and the one that the seed drew last. */
  private victims({ aimed, worker }: WorkerFault): CrewMember[] {
    const inside = aimed ? this.keeper.workersInside : [];
    const holders = inside.map((name) => this.crew.find(({ place }) => name.startsWith(`${place}.`)));
    return [...holders, this.crew[worker]].filter((member) => member !== undefined);
  }

  private inflict(what: WorkerFault['what'], victim: CrewMember): Promise<Undo> {
    switch (what.kind) {
      case 'cut':
        return this.toxiproxy.cut(victim.place);
      case 'toxic':
        return this.toxiproxy.poison(victim.place, what.toxic);
      case 'kill':
        return victim.kill();
      case 'stop':
        return victim.stop();
    }
  }

  private async crash(lastsMs: number): Promise<void> {
    const { crashing } = this.database;
    if (crashing) await this.suffer('database', 'crash', lastsMs, crashing.crash);
  }

  private async suffer(about: string, text: string, lastsMs: number, inflict: () => Promise<Undo>): Promise<void> {
    const from = nowUs();
    const undo = await inflict();
    await sleep(lastsMs);
    await undo();
    const remark = { about, text, from, until: nowUs() };
    this.remarks.push(remark);
    this.journal.write(remark);
  }
}
