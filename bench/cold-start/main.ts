/**
 * What the client adds to a function's cold start and to its bundle: sizes, and the time that importing takes,
 * each import in a fresh process, in turn with that of the SDK alone. What a second copy of the SDK alone is said to
 * add tells how far to trust the rest.
 *
 *     npm run bench:cold-start -- --rounds 100
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../statistics.js';
import { bundled, CODE } from './bundles.js';
import { importTimes } from './import-time.js';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '100' } } });
const BASE = 'the SDK client with its commands';
const sdk = await bundled(CODE.sdk);
const candidates = [
  { name: BASE, bundle: sdk },
  { name: '  the same again', bundle: sdk },
  { name: '  and withLock', bundle: await bundled(CODE.sdk + CODE.withLock) },
  { name: '  and all of cdk-lynk/runtime', bundle: await bundled(CODE.sdk + CODE.runtime) },
  { name: "  and withLock, with Powertools' logger", bundle: await bundled(CODE.sdk + CODE.withLock + CODE.logger) },
];

const folder = mkdtempSync(join(tmpdir(), 'cold-start-'));
try {
  const inputs = candidates.map(({ name, bundle }) => ({ name, code: bundle.code }));
  const times = await importTimes(inputs, Number(values.rounds), folder);
  const base = { bundle: sdk, times: times.get(BASE) ?? [] };
  console.log(`Node.js ${process.version}, ${values.rounds} rounds; times are medians, and medians of differences`);
  console.log(['bundle'.padEnd(40), 'KB', 'gzip', 'added', 'gzip', 'ms', 'added', 'CPU ms', 'added'].join('\t'));
  for (const { name, bundle } of candidates) {
    const taken = times.get(name) ?? [];
    const figures = (['wallMs', 'cpuMs'] as const).flatMap((kind) => [
      median(taken.map((time) => time[kind])),
      median(taken.map((time, round) => time[kind] - (base.times[round]?.[kind] ?? Number.NaN))),
    ]);
    const sizes = [bundle.bytes, bundle.gzippedBytes];
    const added = [bundle.bytes - base.bundle.bytes, bundle.gzippedBytes - base.bundle.gzippedBytes];
    const kilobytes = [...sizes, ...added].map((bytes) => bytes / 1000);
    console.log([name.padEnd(40), ...[...kilobytes, ...figures].map((figure) => figure.toFixed(1))].join('\t'));
  }
  const cjs = await bundled(CODE.sdk, 'cjs');
  console.log(
    `for comparison, the first one as esbuild bundles it for CommonJS by default: ${(cjs.bytes / 1000).toFixed(1)} KB`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
