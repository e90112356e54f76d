/**
 * What a function's cold start costs on each line of Node.js: the import of its bundle, its first cycle over TLS, and
 * its memory. Handlers without a lock, with a put and a delete by the SDK, and with `withLock` of both entries, bundled
 * as the docs recommend and in other ways. Processor time; medians of fresh processes in an order drawn anew.
 *
 *     npm run bench:cold-start -- --rounds 30     some ten minutes
 *     npm run bench:cold-start -- --imports       what our client adds to an import of the SDK
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { installToolchains, NODE_LINES, type NodeLine, nodeOf } from '../../test/package/toolchains.js';
import { clientSettings, startServer } from '../../test/server/index.js';
import { createTable, lockTable } from '../../test/server/table.js';
import { median } from '../statistics.js';
import { type Bundle, bundled, type Manner } from './bundles.js';
import { HANDLERS, type HandlerName } from './handlers.js';
import { shuffled } from './shuffled.js';
import { type Start, starter } from './start.js';

const BARE = 'a bare handler';
const MANNERS: readonly Manner[] = ['cjs', 'esm', 'esm-alias', 'cjs-default'];

interface Candidate {
  readonly line: NodeLine;
  readonly name: HandlerName;
  readonly manner: Manner;
  readonly bundle: Bundle;
  readonly file: string;
  readonly starts: Start[];
}

const { values } = parseArgs({
  options: {
    imports: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '30' },
    manners: { type: 'string', default: MANNERS.join() },
  },
});
if (values.imports) await import('./imports.js');
else await tellColdStarts(Number(values.rounds), values.manners.split(',') as Manner[]);

async function tellColdStarts(rounds: number, manners: readonly Manner[]): Promise<void> {
  await installToolchains();
  const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
  const server = await startServer();
  const client = new DynamoDBClient(clientSettings(server.endpoint));
  try {
    await createTable(client, lockTable('cold'));
    const start = await starter(server, 'cold');
    const candidates = await candidatesIn(folder, manners);
    const [loadBefore] = loadavg();
    // The first round only fills the file cache.
    for (let round = -1; round < rounds; round += 1) {
      for (const { line, file, starts } of shuffled(candidates)) {
        const one = await start(nodeOf(line), file);
        if (round >= 0) starts.push(one);
      }
    }
    const loads = [loadBefore, loadavg()[0]].map((load) => shown(load ?? 0)).join(' to ');
    console.log(`${rounds} rounds; medians of processor time; a load of ${loads}`);
    tell(candidates);
  } finally {
    client.destroy();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function candidatesIn(folder: string, manners: readonly Manner[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const manner of manners) {
    for (const [name, code] of Object.entries(HANDLERS) as [HandlerName, string][]) {
      const bundle = await bundled(code, manner);
      const file = join(folder, `${candidates.length}.${manner.startsWith('cjs') ? 'cjs' : 'mjs'}`);
      writeFileSync(file, bundle.code);
      candidates.push(...NODE_LINES.map((line) => ({ line, name, manner, bundle, file, starts: [] })));
    }
  }
  return candidates;
}

function tell(candidates: readonly Candidate[]): void {
  console.log(row('Node.js', ['bundled', 'KB', 'gzip', 'import', 'first cycle', 'over bare', 'RSS, MB']));
  const of = (starts: readonly Start[], figure: (start: Start) => number): number => median(starts.map(figure));
  const total = ({ importMs, cycleMs }: Start): number => importMs + cycleMs;
  for (const line of NODE_LINES) {
    for (const { name, manner, bundle, starts } of candidates.filter((one) => one.line === line)) {
      const bare = candidates.find((one) => one.line === line && one.manner === manner && one.name === BARE);
      const over = of(starts, total) - of(bare?.starts ?? [], total);
      const times = [of(starts, ({ importMs }) => importMs), of(starts, ({ cycleMs }) => cycleMs), over];
      const sizes = [bundle.bytes / 1000, bundle.gzippedBytes / 1000];
      const cells = [...sizes, ...times, of(starts, ({ rssMB }) => rssMB)].map(shown);
      console.log(row(`${line}, ${name}`, [manner, ...cells]));
    }
  }
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(36) + cells.map((cell) => cell.padStart(12)).join('');
}

function shown(figure: number): string {
  return figure.toFixed(1);
}
