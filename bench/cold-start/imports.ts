/**
 * What the client adds to a function's bundle and cold start: sizes, and the time of an import in a fresh process,
 * compared with the SDK alone. A second copy of the SDK alone shows how exact the measurement is. A comment as long as
 * `withLock` shows the cost of the length alone.
 *
 *     npm run bench:cold-start -- --imports --rounds 300     about three minutes, on an idle machine
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median, medianInterval } from '../statistics.js';
import { bundled, CODE } from './bundles.js';
import { importTimes } from './import-time.js';

const { values } = parseArgs({ options: { imports: { type: 'boolean' }, rounds: { type: 'string', default: '300' } } });
const BASE = 'the SDK client with its commands';
const sdk = await bundled(CODE.sdk);
const withLock = await bundled(CODE.sdk + CODE.withLock);
// esbuild keeps comments that look like a license.
const comment = `/*!${'-'.repeat(withLock.bytes - sdk.bytes)}*/`;
const candidates = [
  { name: BASE, bundle: sdk },
  { name: '  the same again', bundle: sdk },
  { name: '  and a comment as long as withLock', bundle: await bundled(CODE.sdk + comment) },
  { name: '  and withLock', bundle: withLock },
  { name: '  and getLockFactory', bundle: await bundled(CODE.sdk + CODE.factory) },
  { name: '  and all of cdk-lynk/runtime', bundle: await bundled(CODE.sdk + CODE.runtime) },
  { name: "  and withLock, with Powertools' logger", bundle: await bundled(CODE.sdk + CODE.withLock + CODE.logger) },
];

const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
try {
  const inputs = candidates.map(({ name, bundle }) => ({ name, code: bundle.code }));
  const times = await importTimes(inputs, Number(values.rounds), folder);
  const base = times.get(BASE) ?? [];
  console.log(
    `Node.js ${process.version}, ${values.rounds} rounds; times are medians, what is added medians of differences`,
  );
  console.log(row('bundle', ['KB', 'gzip', 'added', 'gzip', 'ms', 'added', '(95 %)', 'CPU ms', 'added', '(95 %)']));
  for (const { name, bundle } of candidates) {
    const sizes = [bundle.bytes, bundle.gzippedBytes, bundle.bytes - sdk.bytes, bundle.gzippedBytes - sdk.gzippedBytes];
    const taken = (['wallMs', 'cpuMs'] as const).flatMap((kind) => {
      const ms = (times.get(name) ?? []).map((time) => time[kind]);
      const added = ms.map((time, round) => time - (base[round]?.[kind] ?? Number.NaN));
      return [shown(median(ms)), shown(median(added)), medianInterval(added).map(shown).join('..')];
    });
    console.log(row(name, [...sizes.map((bytes) => shown(bytes / 1000)), ...taken]));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function row(name: string, cells: readonly string[]): string {
  return name.padEnd(40) + cells.map((cell) => cell.padStart(10)).join('');
}

function shown(figure: number): string {
  return figure.toFixed(1);
}
