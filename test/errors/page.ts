import { COMMAND_LINE, TOOL } from './command-line.js';
import { CONSTRUCT } from './construct.js';
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
    says: 'The lock was not to be had in time; your work did not run, and nothing is left behind. Another holds it. Wait longer (`waitSeconds`), come again later, or look at `error.holder`: [a lock that is stuck](operations.md).',
    provocations: NOT_GRANTED,
  },
  {
    name: 'LockUnavailableError',
    says: 'DynamoDB could not be asked, or did not answer or confirm in time; `error.cause` says why. Nobody knows who holds the lock: this is an outage, and no word of another holder. A lock that you asked for is not yours, and nothing is left behind. What you hold, you still hold.',
    provocations: UNAVAILABLE,
  },
  {
    name: 'LockLostError',
    says: 'You are not the holder any more, and another may be: write nothing more. `error.reason` is the word before the colon; from `withLock`, `error.cause` is what your work threw, and `error.result` what it returned. Where half-done work is harmful, see [fences and guards](fencing.md); where it happens often, [operations](operations.md).',
    provocations: LOST,
  },
  {
    name: 'InvocationEndingError',
    says: 'No loss: the reason with which `held.signal` aborts while the lock is still held. Stop, so that it can be released; give the function more time, or do less at once.',
    provocations: INVOCATION_ENDING,
  },
  {
    name: 'LockReentrancyError',
    says: 'The code would wait for itself. Use the hold that is there (`currentHold()`, or the argument of the work), or another name.',
    provocations: REENTRANCY,
  },
  {
    name: 'BreakRefusedError',
    says: 'The lock was left as it is. Look again (`inspect`, or `npx cdk-lynk show`), and decide anew.',
    provocations: NOT_BROKEN,
  },
  {
    name: 'LockTableError',
    says: 'No request for this table can succeed until its settings are mended; the message says which. Retrying does not help.',
    provocations: TABLE,
  },
  {
    name: 'LockEntryError',
    says: 'Something else than a lock stands under that name. It is never overwritten, but in the last case. Find out who wrote it; delete it if it is nobody’s.',
    provocations: ENTRY,
  },
  {
    name: 'CannotDeserializeError',
    says: 'The text did not come from `serialize`, or was changed on its way. The lock, if there is one, is as it was: whoever serialized it can no longer release it, and it comes free after its lease.',
    provocations: CANNOT_DESERIALIZE,
  },
  {
    name: 'LockOptionError',
    says: 'A mistake in the call; no request was sent. The message says what the option is, and what came instead.',
    provocations: OPTIONS,
  },
  {
    name: 'LynkError',
    says: 'The base of all of these, and itself what is thrown where nothing failed: the message says what to wait for.',
    provocations: OTHER,
  },
  {
    name: SYNTH,
    says: 'No `LynkError`, and no lock is concerned: what a construct of `cdk-lynk` throws while the app is synthesized, before anything is deployed. The prop is in backticks, with the value that it was given; the construct stands at the end.',
    provocations: CONSTRUCT,
  },
  {
    name: TOOL,
    says: 'What the command line tool says to a line that cannot be used, with exit code 64; nothing was asked for, and nothing run; `See cdk-lynk … --help` follows. What happens to a lock is told in the words of the errors above, with [a code for each](cli.md).',
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
    'Every error of the client is a `LynkError` with `name`, `message`, where it is about one lock `lockName` and `tableName`, and where a request failed `cause`. This page is written by a program that provokes each of them (`npm run record:errors`), so the messages are those that you see.',
  ];
  return `${[...head, ...sections].join('\n\n')}\n`;
}

/** As Markdown shows it as it is. */
function quoted(message: string): string {
  return message.replace(/[*_<>`|[\]]/g, '\\$&');
}
