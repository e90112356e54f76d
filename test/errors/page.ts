import { COMMAND_LINE, TOOL } from './command-line.js';
import { CONSTRUCT } from './construct.js';
import { DURABLE_LOST, DURABLE_OPTIONS, DURABLE_OTHER } from './durable.js';
import {
  CANNOT_DESERIALIZE,
  ENTRY,
  INVOCATION_ENDING,
  LOST,
  NOT_BROKEN,
  NOT_GRANTED,
  OTHER,
  REENTRANCY,
  TABLE,
  UNAVAILABLE,
} from './happenings.js';
import { OPTIONS } from './options.js';
import { type Provocation, provoked } from './provocation.js';

export const PAGE = 'docs/errors.md';

/** What an error of the constructs is called, as aws-cdk-lib calls its own. */
export const SYNTH = 'ValidationError';

interface Section {
  readonly name: string;
  /** What it means for the lock, and what to do. */
  readonly says: string;
  readonly provocations: readonly Provocation[];
}

const SECTIONS: readonly Section[] = [
  {
    name: 'LockNotGrantedError',
    says: 'Another process holds the lock and did not release it in time. Your work did not run, and nothing is left in the table. Wait longer (`waitSeconds`), try again later, or find out who holds it (`error.holder`): [a lock that is stuck](operations.md).',
    provocations: NOT_GRANTED,
  },
  {
    name: 'LockUnavailableError',
    says: 'DynamoDB could not be reached, or did not answer or confirm in time. `error.cause` says why. This is an outage, so it is not known who holds the lock. A lock that you wanted was not granted, and nothing is left in the table. A lock that you held is still held.',
    provocations: UNAVAILABLE,
  },
  {
    name: 'LockLostError',
    says: 'You no longer hold the lock, and another process may hold it. Write nothing more. `error.reason` is the word before the colon below. From `withLock`, `error.cause` is what your work threw, and `error.result` is what it returned. If half-done work is harmful, see [fences and guards](fencing.md). If it happens often, see [operations](operations.md).',
    provocations: [...LOST, ...DURABLE_LOST],
  },
  {
    name: 'InvocationEndingError',
    says: '`held.signal` aborts with this error shortly before the invocation ends. The lock is still held. Stop your work, so that the lock can be released. Give the function more time, or do less in one invocation.',
    provocations: INVOCATION_ENDING,
  },
  {
    name: 'LockReentrancyError',
    says: 'Your code would wait for itself. Use the lock that it already holds (`currentHold()`, or the argument of the work), or another name.',
    provocations: REENTRANCY,
  },
  {
    name: 'BreakRefusedError',
    says: 'The lock was not changed. Inspect it again (`inspect`, or `npx cdk-lynk show`), and then decide.',
    provocations: NOT_BROKEN,
  },
  {
    name: 'LockTableError',
    says: 'No request for this table can succeed until its settings are corrected. The message says which. A retry does not help.',
    provocations: TABLE,
  },
  {
    name: 'LockEntryError',
    says: 'The table’s item with this name is not the entry of a lock. The client does not overwrite it, except in the last case. Find out who wrote it, and delete it if nobody needs it.',
    provocations: ENTRY,
  },
  {
    name: 'CannotDeserializeError',
    says: 'The hand-over token was not made by `serialize`, or was changed on its way. The lock was not changed. If the lock was handed over, nobody holds it now, and it is free after its lease.',
    provocations: CANNOT_DESERIALIZE,
  },
  {
    name: 'LockOptionError',
    says: 'A name or an option in your code is not allowed. The message says what is allowed, and what you passed. No request was sent, except if the error is about the result of a single flight, which is known only after its work.',
    provocations: [...OPTIONS, ...DURABLE_OPTIONS],
  },
  {
    name: 'LynkError',
    says: 'This is the base class of all errors above. The class itself is thrown if a call has to wait for another call. The message says for which.',
    provocations: [...OTHER, ...DURABLE_OTHER],
  },
  {
    name: SYNTH,
    says: 'This is not a `LynkError`. A construct of `cdk-lynk` throws it while the app is synthesized, before anything is deployed. The message contains the prop in backticks, the value that you passed, and the construct at its end.',
    provocations: CONSTRUCT,
  },
  {
    name: TOOL,
    says: 'The command line tool prints these messages if a command line has a mistake. The exit code is 64. No request was sent, and no command was run. The line `See cdk-lynk … --help` follows. Everything that happens to a lock is reported with the messages above, with [an exit code for each](cli.md).',
    provocations: COMMAND_LINE,
  },
];

/** One message, as it was provoked. */
export interface Provoked {
  readonly section: string;
  readonly when: string;
  readonly error: Error;
}

export async function provokedErrors(): Promise<Provoked[]> {
  const all: Provoked[] = [];
  for (const { name, provocations } of SECTIONS) {
    for (const provocation of provocations) {
      all.push({
        section: name,
        when: provocation.when,
        error: await provoked(provocation),
      });
    }
  }
  return all;
}

/** The page that lists them. */
export function pageOf(errors: readonly Provoked[]): string {
  const sections = SECTIONS.map(({ name, says }) => {
    const own = errors.filter(({ section }) => section === name);
    const messages = own.map(({ when, error }) => `When ${when}:\n\n> ${quoted(error.message)}`);
    return [`## ${name}`, says, ...messages].join('\n\n');
  });
  const head = [
    '# Errors',
    'Every error of the client is a `LynkError` with `name` and `message`. An error about one lock has `lockName` and `tableName`. If a request failed, its error is the `cause`. A program writes this page (`npm run record:errors`). It provokes each error, so the messages here are exactly the messages that you see.',
  ];
  return `${[...head, ...sections].join('\n\n')}\n`;
}

/** As Markdown shows it as it is. */
function quoted(message: string): string {
  return message.replace(/[*_<>`|[\]]/g, '\\$&');
}
