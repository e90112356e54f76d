import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CounterKeeper, journalPath, type KeptWrite, readCounter } from '../counter-keeper.js';
import { drawFaults } from '../faults.js';
import { type JournalLine, nowUs, readJournal } from '../journal.js';
import { Counter } from '../worker/counter.js';
import { lostUpdates } from './lost-updates.js';
import { overlaps } from './overlaps.js';
import { type Section, sectionsOf } from './section.js';

/** A section that began to believe at second `from`, until second `until`, and how it went on. */
function section(id: string, from: number, until: number, ...rest: (readonly ['lost' | 'release', number])[]): Section {
  const lines: JournalLine[] = [
    { section: id, event: 'acquire', at: (from - 1) * 1e6, lock: 'red' },
    { section: id, event: 'held', at: from * 1e6, until: until * 1e6 },
    ...rest.map(([event, at]) => ({ section: id, event, at: at * 1e6, why: '' }) as JournalLine),
  ];
  const [only] = sectionsOf(id, lines);
  if (!only) throw new Error('a journal of one section has one section');
  return only;
}

const write = (section: string, value: number, accepted = true): KeptWrite => {
  return { ask: 'write', at: 0, lock: 'red', section, value, until: 1, accepted };
};

describe('overlaps', () => {
  it('finds two sections that believe at one time', () => {
    expect(overlaps([section('a', 1, 4), section('b', 3, 6)])).toHaveLength(1);
  });

  it('finds every section within a long one', () => {
    expect(overlaps([section('a', 1, 9), section('b', 3, 4), section('c', 5, 6)])).toHaveLength(2);
  });

  it('lets a section begin where another has told its loss, or begun its release', () => {
    const lost = section('a', 1, 9, ['lost', 3]);
    const released = section('b', 4, 9, ['release', 5]);
    expect(overlaps([lost, released, section('c', 6, 9)])).toEqual([]);
  });

  it('takes a killed worker at its last word', () => {
    expect(overlaps([section('killed', 1, 4), section('b', 3.9, 6)])).toHaveLength(1);
    expect(overlaps([section('killed', 1, 4), section('b', 4.1, 6)])).toEqual([]);
  });

  it('lets different locks be held at one time', () => {
    expect(overlaps([section('a', 1, 4), { ...section('b', 1, 4), lock: 'green' }])).toEqual([]);
  });
});

describe('lostUpdates', () => {
  it('finds a write over an update that its writer had not read', () => {
    expect(lostUpdates([write('a', 1), write('b', 2), write('c', 2)])).toHaveLength(1);
  });

  it('leaves out a write that was refused', () => {
    expect(lostUpdates([write('a', 1), write('late', 1, false), write('b', 2)])).toEqual([]);
  });
});

describe('CounterKeeper', () => {
  it('refuses a write that comes after its writer stopped believing, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chaos-'));
    const keeper = await CounterKeeper.start(folder, ['red']);
    const counter = new Counter(keeper.port);
    try {
      const value = await counter.read('red', 'w1.1#1');
      expect(keeper.workersInside).toEqual(['w1.1']);
      expect(await counter.write('red', 'w1.1#1', value + 1, nowUs() + 1e6)).toBe(true);
      expect(await counter.write('red', 'w2.1#1', value + 1, nowUs() - 1)).toBe(false);
      expect(readCounter(folder, 'red')).toBe(1);
      // Overwritten blindly: it is for the judge to say that an update is lost.
      expect(await counter.write('red', 'w3.1#1', value + 1, nowUs() + 1e6)).toBe(true);
      expect(lostUpdates(readJournal<KeptWrite>(journalPath(folder)))).toHaveLength(1);
    } finally {
      counter.close();
      keeper.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

describe('drawFaults', () => {
  const extent = { seconds: 60, workers: 8, crashIntervalMs: [8000, 20_000] as const };

  it('draws the same faults for the same seed, and others for another', () => {
    expect(drawFaults(7, extent)).toEqual(drawFaults(7, extent));
    expect(drawFaults(7, extent)).not.toEqual(drawFaults(8, extent));
  });

  it('undoes every fault before the end', () => {
    for (const { atMs, lastsMs } of drawFaults(7, extent)) expect(atMs + lastsMs).toBeLessThanOrEqual(60_000);
  });

  it('crashes nothing that forgets', () => {
    expect(drawFaults(7, extent).some(({ what }) => what.kind === 'crash')).toBe(true);
    const faults = drawFaults(7, { ...extent, crashIntervalMs: undefined });
    expect(faults.filter(({ what }) => what.kind === 'crash')).toEqual([]);
  });
});
