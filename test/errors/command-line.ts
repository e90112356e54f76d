import { typed } from '../bin/tool.js';
import type { Provocation } from './provocation.js';

/** What an error of the command line is called here: it has no class that a user meets. */
export const TOOL = 'cdk-lynk';

/** What the tool says to this line; none of these asks DynamoDB. */
const line = (when: string, ...args: string[]): Provocation => ({
  when,
  provoke: async () => {
    delete process.env['LYNK_TABLE_NAME'];
    const { complaints } = await typed(args);
    const [, message] = /^cdk-lynk: (.+)\nSee cdk-lynk .*--help\n$/.exec(complaints) ?? [];
    const error = new Error(message);
    error.name = TOOL;
    throw error;
  },
});

/** What the command line refuses before it does anything. */
export const COMMAND_LINE: readonly Provocation[] = [
  line('there is no command'),
  line('there is no command with this name', 'lock'),
  line('an argument is missing', 'show'),
  line('there is one argument too many', 'show', 'a', 'b'),
  line('the command to run is missing', 'run', 'nightly'),
  line('the command to run is empty', 'run', 'nightly', '--', ''),
  line('the two hyphens before the command are missing', 'run', 'nightly', 'make', 'all'),
  line('an option is misspelt', 'run', 'nightly', '--wiat', '3', '--', 'make'),
  line('an option has no value', 'run', 'nightly', '--wait', '--', 'make'),
  line('the value of an option is empty', 'run', 'nightly', '--wait', '', '--', 'make'),
  line('an option takes no value', 'run', 'nightly', '--verbose=yes', '--', 'make'),
  line('a number is expected, but the value is not a number', 'run', 'nightly', '--wait', 'long', '--', 'make'),
  line('a whole number is expected, but the value has a fraction', 'run', 'nightly', '--lease', '1.5', '--', 'make'),
  line('`--grace` is longer than the lease allows', ...'run a --lease 8 --grace 3 -- make'.split(' ')),
  line('two options exclude each other', 'run', 'nightly', '-n', '--wait', '3', '--', 'make'),
  line('there is no completion for a shell', 'completion', 'fish'),
  line('no table is given', 'ls'),
  line('an endpoint is not a URL', 'ls', '-t', 'my-locks', '--endpoint-url', 'localhost'),
  line('an option needs another one', 'ls', '--svg', 'locks.svg'),
  line('`break` has no reason', 'break', 'nightly', '-t', 'my-locks'),
  line('there is no terminal on which to confirm `break`', 'break', 'nightly', '-t', 'my-locks', '--reason', 'stuck'),
];
