import { type CommandLine, type CommandShape, EXIT, quietOption } from './command-line.js';
import { settleConnection, withSdk } from './locks.js';
import { jsonOf, printable, remark, type Terminal } from './terminal.js';

export const TABLES: CommandShape = {
  name: 'tables',
  summary: 'list the lock tables of this account and region',
  synopsis: '[options]',
  about: `Lists the tables with the tag lynk=lock-table. LynkLockTable and Python's lynk set it. The command reads the
tags of each table in turn, which takes a tenth of a second each.`,
  operands: [],
  options: { json: { type: 'boolean', help: 'as a JSON array of names' }, ...quietOption() },
  examples: [['cdk-lynk tables --region eu-west-1', 'the lock tables of one region']],
};

export async function tables(line: CommandLine, terminal: Terminal): Promise<number> {
  settleConnection(line);
  const { lockTables } = await withSdk(() => import('../../runtime/store/lock-tables.js'));
  const names: string[] = [];
  for await (const name of lockTables()) {
    names.push(name);
    if (!line.flag('json')) terminal.print(`${printable(name)}\n`);
  }
  if (line.flag('json')) terminal.print(`${jsonOf(names)}\n`);
  else if (names.length === 0) remark(terminal, 'there is no table with the tag lynk=lock-table here');
  return EXIT.ok;
}
