import fc from 'fast-check';
import type { LockInspection } from '../../../runtime/admin/inspect.js';
import { LynkError } from '../../../runtime/errors.js';
import { formatVersion } from '../../../runtime/protocol/version.js';
import { anyText, ownVersion, pythonVersion } from '../protocol/arbitraries.js';
import { Setting } from '../setting.js';

/** As DynamoDB shows numbers: up to 38 digits, from 1E-130 to 9.99E+125, of either sign. */
const numeral = fc.oneof(
  fc.integer({ min: -5, max: 100_000 }).map(String),
  fc
    .tuple(fc.constantFrom('', '-'), fc.integer({ min: 0, max: 999 }), fc.integer({ min: -130, max: 123 }))
    .map(([sign, digits, exponent]) => `${sign}${digits}E${exponent}`),
  fc.constantFrom('-1E+30', '1E+125', '9.99E+125', '0', '-0', '1E-130'),
);
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const note = fc.oneof(
  anyText(),
  fc.json(),
  fc.constantFrom(nested(20_000), nested(2_000), '{"a":'.repeat(8_000), 'null', '1E999'),
  fc.json().map((value) => `{"singleFlight":1,"madeAtMs":1E99,"value":${value}}`),
);
const version = fc.oneof(ownVersion.map(formatVersion), pythonVersion, anyText());
const text = fc.oneof(anyText(), fc.constantFrom('broken by ', '\u001B[2J', 'somebody'));
const attribute = fc.oneof(
  text.map((S) => ({ S })),
  numeral.map((N) => ({ N })),
  fc.constantFrom({ BOOL: true }, {}),
);

/** Mostly an entry, and now and then anything else. */
const item = fc.record(
  {
    lockKey: fc.constant({ S: 'a' }),
    leaseDuration: numeral.map((N) => ({ N })),
    versionNumber: version.map((S) => ({ S })),
    hostIdentifier: text.map((S) => ({ S })),
    data: note.map((S) => ({ S })),
    expiresAt: attribute,
    fencingToken: attribute,
    holderTrace: attribute,
  },
  { requiredKeys: ['lockKey', 'leaseDuration'] },
);

/** All that is made of it for people: none of that may throw, or be no date. */
function shownAll(inspection: LockInspection): void {
  expect(JSON.stringify(inspection)).toContain('"name":"a"');
  expect(typeof `${inspection.holder}`).toBe('string');
  for (const date of [inspection.lastSignOfLife, inspection.deadSince, inspection.inspectedAt]) {
    if (date) expect(date.toISOString()).toMatch(/^[-+\d]/);
  }
}

const WAYS: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  inspect: async (setting) => {
    const inspection = await setting.process().factory().inspect('a');
    if (inspection) shownAll(inspection);
  },
  list: async (setting) => {
    const factory = setting.process().factory();
    for await (const inspection of factory.list({ includeFree: true })) shownAll(inspection);
  },
  break: async (setting) => {
    const left = await setting.process().factory().break('a', { reason: 'stuck' });
    if (left) shownAll(left);
  },
  tryWithLock: async (setting) => {
    const outcome = await setting
      .process()
      .factory()
      .tryWithLock('a', () => {});
    if (!outcome.acquired) expect(typeof JSON.stringify(outcome.holder)).toBe('string');
  },
  withLock: (setting) =>
    setting
      .process()
      .factory()
      .withLock('a', { waitSeconds: 2 }, () => {}),
  fenced: (setting) =>
    setting
      .process()
      .factory({ fencing: true })
      .withLock('a', { waitSeconds: 2 }, () => {}),
  singleFlight: async (setting) => {
    const options = { freshSeconds: 10, waitSeconds: 2 };
    await setting
      .process()
      .factory()
      .singleFlight('a', options, () => 'mine');
  },
  withPermit: async (setting) => {
    setting.table.items.set('a#0', setting.table.items.get('a') ?? {});
    await setting
      .process()
      .factory()
      .createSemaphore('a', { permits: 1 })
      .withPermit({ waitSeconds: 2 }, () => {});
  },
};

test.each(Object.keys(WAYS))('%s survives any entry: it ends as it should, or with an error of ours', async (way) => {
  await fc.assert(
    fc.asyncProperty(item, async (stands) => {
      const setting = new Setting();
      setting.table.items.set('a', stands);
      const outcome = await setting.time
        .until((WAYS[way] as (setting: Setting) => Promise<void>)(setting))
        .catch((error: unknown) => error);
      if (outcome === undefined) return;
      expect(outcome).toBeInstanceOf(LynkError);
      expect((outcome as LynkError).message.length).toBeLessThan(2_000);
    }),
    { numRuns: 300 },
  );
});
