import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { clientEnvironment } from '../server/index.js';
import { Rig, until } from './rig.js';

let rig: Rig;
const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-pending-'));

beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(async () => {
  await rig.stop();
  rmSync(folder, { recursive: true });
});

/** Runs a program of its own, of that format; resolves to what it printed, once it has ended by itself. */
async function run(code: string, format: 'cjs' | 'esm'): Promise<string> {
  const outfile = join(folder, format === 'cjs' ? 'program.cjs' : 'program.mjs');
  const banner = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  await build({
    stdin: {
      contents: `import { once } from 'node:events'; import * as lynk from './runtime/index.js'; ${code}`,
      resolveDir: process.cwd(),
    },
    outfile,
    bundle: true,
    platform: 'node',
    format,
    ...(format === 'esm' && { banner: { js: banner } }),
  });
  const { PATH = '' } = process.env;
  const env = { PATH, ...clientEnvironment(rig.proxy.endpoint), LYNK_TABLE_NAME: rig.tableName };
  const { stdout } = await promisify(execFile)(process.execPath, [outfile], { env });
  return stdout.trim();
}

const work = `async (held) => { await once(held.signal, 'abort'); console.log('told: ' + held.signal.reason.reason); }`;

describe.each(['cjs', 'esm'] as const)('a program (%s)', (format) => {
  test.each([
    ['withLock', `lynk.withLock('a', { leaseSeconds: 2 }, ${work})`],
    ['a use of a sticky lock', `lynk.stickyLock('a', { leaseSeconds: 2 }).use(undefined, ${work})`],
  ])('whose work waits for nothing but the signal of its hold stays for it: %s', async (_, call) => {
    const ended = run(`${call}.catch((error) => console.log('lost: ' + error.name));`, format);
    let hasEnded = false;
    const onEnd = (): void => {
      hasEnded = true;
    };
    ended.then(onEnd, onEnd);
    // An entry that goes before the lock is granted is had anew: a server that sends no `Date` has it refreshed first.
    await until(async () => {
      if ((await rig.versionOf('a')) !== undefined) {
        await sleep(300);
        await rig.remove('a');
      }
      return hasEnded;
    });

    // On a busy machine its deadline may come before the heartbeat that finds the entry gone.
    expect(await ended).toMatch(/^told: (?:gone|deadline)\nlost: LockLostError$/);
  });

  test('ends, though it holds a lock, where no work of it is pending', async () => {
    const code = `lynk.getLockFactory().createLock('a').acquire().then((held) => console.log('held: ' + held.isHeld));`;

    expect(await run(code, format)).toBe('held: true');
    await rig.remove('a');
  });
});
