import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { bundled, Started } from './tool.js';

jest.setTimeout(600_000);

const ROUNDS = 50;

test('two shells that run a command under one lock never overlap, over 50 rounds', async () => {
  const folder = resolve(`.cache/cli-shells/${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const [rig, tool] = await Promise.all([Rig.start(), bundled()]);
  try {
    const journal = `${folder}/journal`;
    const env = {
      ...clientEnvironment(rig.server.endpoint),
      LYNK_TABLE_NAME: rig.tableName,
      NODE: process.execPath,
      TOOL: tool.path,
      JOURNAL: journal,
    };
    // One write a line, so that lines of two shells do not mix.
    const critical = 'echo "in $1" >> "$JOURNAL"; sleep 0.02; echo "out $1" >> "$JOURNAL"';
    const loop = `for i in $(seq ${ROUNDS / 2}); do
      "$NODE" "$TOOL" run shared --wait 500 -- sh -c '${critical}' sh "$0" || exit 1
    done`;
    const shells = ['one', 'two'].map((name) => new Started('sh', ['-c', loop, name], env));

    expect(await Promise.all(shells.map(({ ended }) => ended))).toEqual([0, 0]);

    const lines = readFileSync(journal, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(2 * ROUNDS);
    for (let round = 0; round < lines.length; round += 2) {
      expect(lines[round]).toMatch(/^in /);
      expect(lines[round + 1]).toBe(lines[round]?.replace('in', 'out'));
    }
    // The shells alternated: one after the other would prove nothing.
    const turns = lines.filter((line) => line.startsWith('in'));
    const changes = turns.filter((turn, index) => index > 0 && turn !== turns[index - 1]).length;
    expect(changes).toBeGreaterThan(3);
    expect(await rig.lockNames()).toEqual([]);
  } finally {
    await Started.endAll();
    await rig.stop();
    tool.discard();
    rmSync(folder, { recursive: true, force: true });
  }
});
