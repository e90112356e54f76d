import { readdirSync, readFileSync } from 'node:fs';
import {
  LockHolder,
  LockLostError,
  type LockLostReason,
  LockNotGrantedError,
  LockUnavailableError,
} from '../../runtime/errors.js';
import { EventLogger } from '../../runtime/observe/event-logger.js';
import type { LockEvent } from '../../runtime/observe/events.js';

/** The lines that docs/operations.md explains: what `…` stands for differs. */
const [, table = ''] =
  /<!-- log lines -->([\s\S]*?)<!-- end -->/.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
const rows = [...table.matchAll(/^\| `([^`]+)` +\| (debug|info|warn) +\| \S/gm)].map(([, text = '', level = '']) => ({
  text,
  level,
}));

const isOf = (row: string, text: string): boolean => {
  const [first = '', ...rest] = row.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${[first, ...rest].join('.+')}$`).test(text);
};
const explaining = (level: string, text: string) =>
  rows.filter((row) => row.level === level && isOf(row.text, text)).map((row) => row.text);

const label = 'lock "a" in table "locks"';
const attempt = {
  lockName: 'a',
  tableName: 'locks',
  hostIdentifier: 'host/1',
  leaseSeconds: 10,
  requestId: undefined,
} as const;
const effort = { waitSeconds: 1, attempts: 2 };
const holder = new LockHolder('host/2', 10, 3);
const reset = new Error('connection reset');
const refused = (message: string) => new LockNotGrantedError(`${label} ${message}`, {});
const unanswered = new LockUnavailableError(`${label} could not be requested within 1 s: ${reset}`, {});
const losing = (reason: LockLostReason, why: string) => new LockLostError(`${label} was lost: ${why}`, { reason });

const semaphoreRefused = new LockNotGrantedError(
  `semaphore "a" in table "locks" was not granted at once: its 2 permits are held by ${holder}, ${holder}`,
  {},
);

/** One of each event, and more of those whose lines differ. */
const events: readonly LockEvent[] = [
  { type: 'requested', attempt },
  { type: 'waiting', attempt, holder },
  { type: 'waiting', attempt, holder: undefined },
  { type: 'acquired', attempt, ...effort, takenOverFrom: undefined },
  { type: 'acquired', attempt, ...effort, takenOverFrom: 'host/2' },
  { type: 'not-granted', attempt, ...effort, holder, error: undefined },
  { type: 'not-granted', attempt, ...effort, holder: undefined, error: reset },
  { type: 'not-granted', attempt, ...effort, holder, error: refused(`was not granted within 1 s: held by ${holder}`) },
  { type: 'not-granted', attempt, ...effort, holder, error: semaphoreRefused },
  { type: 'not-granted', attempt, ...effort, holder: undefined, error: unanswered },
  { type: 'served', attempt, ...effort },
  { type: 'refreshed', attempt, remainingSeconds: 9 },
  { type: 'refreshed-late', attempt, lateSeconds: 3, remainedSeconds: 1 },
  { type: 'refresh-failed', attempt, error: reset, remainingSeconds: 4 },
  { type: 'lost', attempt, heldSeconds: 5, error: losing('deadline', 'no refresh was confirmed before its deadline') },
  { type: 'lapsed', attempt, heldSeconds: 5, error: losing('taken', 'host/2 holds it now') },
  { type: 'released', attempt, heldSeconds: 5 },
  { type: 'release-failed', attempt, heldSeconds: 5, error: reset },
  { type: 'handed-over', attempt, heldSeconds: 5 },
];

interface Line {
  readonly level: string;
  readonly text: string;
}
const sources = readdirSync('runtime', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, code: readFileSync(`runtime/${file}`, 'utf8') }));

/** The texts in an argument of a call: of literals that are added up, one; what is filled in becomes `…`. */
function textsIn(argument: string): string {
  const literals = [...argument.matchAll(/`([^`]*)`|'((?:[^'\\]|\\.)*)'/g)];
  return literals
    .map(([, filled, plain]) => filled ?? plain ?? '')
    .join('')
    .replaceAll(/\$\{(?:[^{}]|\{[^}]*\})*\}/g, '…');
}

/** What the events above write. */
function ofEvents(): Line[] {
  const lines: Line[] = [];
  const write = (level: string) => (message: string) =>
    void lines.push({ level, text: message.replace(/^(?:lock|semaphore) "a" in table "locks" /, '') });
  const log = new EventLogger({ warn: write('warn'), info: write('info'), debug: write('debug') });
  for (const event of events) log.onLockEvent(event);
  return lines;
}

/** Whatever a hold is lost for, by the source. */
function ofLosses(): Line[] {
  const calls = sources.flatMap(({ code }) => [...code.matchAll(/\.lose\(([\s\S]*?)\);/g)]);
  const whys = calls.map(([, call = '']) => textsIn(call.replace(/^.*?,\s/, '')));
  // One call has its reason from whoever stands in the entry.
  const all = whys.flatMap((why) => (why === '' ? ['host/2 holds it now', 'it was broken by ann: hangs'] : [why]));
  return all.map((why) => ({ level: 'warn', text: `was lost: ${why}` }));
}

/** Whatever is not granted, or not taken over, by the source. */
function ofRefusals(): Line[] {
  const thrown =
    /new (?:LockNotGrantedError|LockUnavailableError|LockLostError)\(\s*(`\$\{(?:this|ref|this\.\w+)\.label\} [^`]*`)/g;
  return sources
    .flatMap(({ code }) => [...code.matchAll(thrown)])
    .map(([, text = '']) => textsIn(text).replace('… ', ''))
    .filter((text) => /^(?:was not|could not|cannot)/.test(text))
    .map((text) => ({ level: 'info', text }));
}

/** Whatever else goes to the logger, by the source. */
function ofLoggers(): Line[] {
  const calls = sources
    .filter(({ file }) => !/(?:event-logger|logger)\.ts$/.test(file))
    .flatMap(({ code }) => [...code.matchAll(/logger\.(warn|info|debug)\(([\s\S]*?),?\s\{/g)])
    .map(([, level = '', argument = '']) => ({ level, text: textsIn(argument).replace(/^…: /, '') }));
  // Two write the message of an error that somebody else has made.
  const ofErrors = [
    'is not held any more: the invocation that uses it has ended',
    'the attribute "x" of its entry is missing, expected a number; the entry is left as it is: repair or delete it',
  ];
  expect(calls.filter(({ text }) => text === '')).toHaveLength(ofErrors.length);
  const places = sources.flatMap(({ code }) => code.match(/settings\.logger\.(?:warn|info|debug)\(/g) ?? []);
  expect(calls).toHaveLength(places.length);
  return [...calls.filter(({ text }) => text !== ''), ...ofErrors.map((text) => ({ level: 'warn', text }))];
}

test('every event has a line here', () => {
  const code = sources.find(({ file }) => file.endsWith('/event-logger.ts'))?.code ?? '';
  const types = [...code.matchAll(/case '([a-z-]+)':/g)].map(([, type]) => type);
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set(types));
});

test.each([
  ['an event writes', ofEvents, 19],
  ['a hold is lost for', ofLosses, 6],
  ['is said of a refusal', ofRefusals, 6],
  ['else is logged', ofLoggers, 6],
])('whatever %s is explained in docs/operations.md, at its level', (_, linesOf, atLeast) => {
  const lines = linesOf();
  expect(lines.length).toBeGreaterThanOrEqual(atLeast);
  expect(lines.filter(({ level, text }) => explaining(level, text).length === 0)).toEqual([]);
});

test('and each line explained there is one that can be written', () => {
  const lines = [...ofEvents(), ...ofLosses(), ...ofRefusals(), ...ofLoggers()];
  const explained = new Set(lines.flatMap(({ level, text }) => explaining(level, text)));
  expect(rows.length).toBeGreaterThan(25);
  expect(rows.map(({ text }) => text).filter((text) => !explained.has(text))).toEqual([]);
});
