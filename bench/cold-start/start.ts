import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { TestServer } from '../../test/server/index.js';
import { clientEnvironment } from '../../test/server/index.js';
import { frontOf, PEM } from './front.js';

const run = promisify(execFile);

/** Imports a bundle and calls its handler once. Prints the processor time of both, and the memory afterwards. */
const PROBE = `
const cpuMs = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
const [path] = process.argv.slice(-1);
const started = cpuMs();
const { handler } = path.endsWith('.cjs') ? process.getBuiltinModule('module').createRequire(path)(path) : await import(path);
const imported = cpuMs();
await handler();
const ended = cpuMs();
const rss = process.memoryUsage.rss();
console.log(JSON.stringify({ importMs: imported - started, cycleMs: ended - imported, rssMB: rss / 2 ** 20 }));
process.exit(0);
`;

/** One start of a function: processor time, which other programs disturb less than time, and memory. */
export interface Start {
  readonly importMs: number;
  readonly cycleMs: number;
  readonly rssMB: number;
}

/** Starts bundles in fresh processes, which reach a table of the server over TLS. */
export async function starter(
  server: TestServer,
  table: string,
): Promise<(node: string, file: string) => Promise<Start>> {
  const endpoint = await frontOf(server.endpoint);
  const env = {
    ...clientEnvironment(endpoint),
    LYNK_TABLE_NAME: table,
    NODE_EXTRA_CA_CERTS: PEM,
    NODE_NO_WARNINGS: '1',
  };
  return async (node, file) => {
    const { stdout } = await run(node, ['--input-type=module', '--eval', PROBE, file], { env });
    return JSON.parse(stdout) as Start;
  };
}
