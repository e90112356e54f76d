import { type CommandLine, type CommandShape, EXIT, quietOption, TABLE_OPTION } from './command-line.js';
import { inFull } from './description.js';
import { locksOf, settleConnection } from './locks.js';
import { jsonOf, printable, type Terminal } from './terminal.js';

export const SHOW: CommandShape = {
  name: 'show',
  summary: 'show one lock in full',
  synopsis: 'NAME [options]',
  about: 'Shows the entry of one lock, by a consistent read. Exits with 1 if the lock is free.',
  operands: ['NAME'],
  options: {
    ...TABLE_OPTION,
    json: { type: 'boolean', help: 'as a JSON object; null if it has no entry' },
    ...quietOption('print nothing; the exit code says whether the lock is held'),
  },
  examples: [
    ['cdk-lynk show nightly --table my-locks', 'who holds the lock "nightly"?'],
    ['cdk-lynk show nightly --json | jq .holder.remainingSeconds', 'for how long, at most?'],
  ],
};

export async function show(line: CommandLine, terminal: Terminal): Promise<number> {
  settleConnection(line);
  const locks = await locksOf(line, terminal);
  const [name = ''] = line.operands;
  const lock = await locks.inspect(name);
  if (!terminal.isQuiet) {
    if (line.flag('json')) terminal.print(`${jsonOf(lock ?? null)}\n`);
    else terminal.print(lock ? inFull(lock, terminal) : `${printable(name)} is free: it has no entry\n`);
  }
  return lock && !lock.isFree ? EXIT.ok : EXIT.no;
}
