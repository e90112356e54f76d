import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttributeValue, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { formatVersion, holdIdFrom } from '../../runtime/protocol/version.js';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { typed, until } from './tool.js';

/** Anybody who may write to the table may write any of these entries. */
const CONTROLS = 'a\u001b[2J\u009b31m\r\nb\u0007\u007f\u202e\u2028\u{e0041}';
const NESTED = '['.repeat(20_000) + ']'.repeat(20_000);
const N = (value: string): AttributeValue => ({ N: value });
const S = (value: string): AttributeValue => ({ S: value });
const stamped = (stampMs: number): string =>
  formatVersion({ stampMs, timed: true, holdId: holdIdFrom(new Uint8Array(10).fill(7)) });

const before = { ...process.env };
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
  Object.assign(process.env, clientEnvironment(rig.server.endpoint), { LYNK_TABLE_NAME: rig.tableName });
});
afterAll(async () => {
  process.env = before;
  await rig.stop();
});
afterEach(() => rig.clear());

const ENTRIES: readonly (readonly [what: string, attributes: Record<string, AttributeValue>])[] = [
  ['a note of 40 KB of brackets', { data: S(NESTED) }],
  ['a note of objects in objects', { data: S(`${'{"a":'.repeat(8000)}1${'}'.repeat(8000)}`) }],
  ['a note with controls', { data: S(CONTROLS) }],
  ['a note with controls, as JSON', { data: S(JSON.stringify({ [CONTROLS]: CONTROLS })) }],
  ['a note that is no text', { data: N('7') }],
  ['a holder with controls', { hostIdentifier: S(CONTROLS) }],
  ['no holder', { hostIdentifier: S('') }],
  ['a version with controls', { versionNumber: S(CONTROLS) }],
  ['the earliest version', { versionNumber: S(stamped(0)) }],
  ['the latest version', { versionNumber: S(stamped(2 ** 47 - 1)) }],
  ['a lease of -1E+30', { leaseDuration: N('-1E+30') }],
  ['a lease of 1E+30', { leaseDuration: N('1E+30') }],
  ['a lease of 1E+125, long ago', { leaseDuration: N('1E+125'), versionNumber: S(stamped(0)) }],
  ['a lease of 1E-130', { leaseDuration: N('1E-130') }],
  ['a lease of -1', { leaseDuration: N('-1') }],
  ['a lease that is no number', { leaseDuration: S(CONTROLS) }],
  ['a huge token', { fencingToken: N('9.9999999999999999999999999999999999999E+125') }],
  ['a negative token', { fencingToken: N('-1E+30') }],
];

async function put(name: string, attributes: Record<string, AttributeValue>): Promise<void> {
  const sound = { leaseDuration: N('60'), versionNumber: S(stamped(Date.now())), hostIdentifier: S('host/7') };
  const Item = { lockKey: S(name), ...sound, ...attributes };
  await rig.direct.send(new PutItemCommand({ TableName: rig.tableName, Item }));
}

/** The characters that a terminal acts on, except our line breaks. */
const harmful = (text: string): string[] =>
  text.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu)?.filter((one) => one !== '\n') ?? [];

test.each(ENTRIES)('%s: every command that reads it succeeds, or says that it is no entry', async (_, attributes) => {
  const name = `lock ${CONTROLS}`;
  await put(name, attributes);
  await put('other', {});

  for (const line of [['ls'], ['ls', '--all'], ['show', name]]) {
    for (const more of [[], ['--json']]) {
      const { code, output, complaints } = await typed([...line, ...more]);
      expect([0, 1, 65]).toContain(code);
      expect(harmful(output + complaints)).toEqual([]);
      // A name cannot start a new line: each line is one of ours.
      for (const complaint of complaints.split('\n').slice(0, -1)) expect(complaint).toMatch(/^cdk-lynk: lock "/);
      if (more.length > 0 && code !== 65) JSON.parse(output);
      if (line[0] === 'ls') expect(output).toContain('other');
      if (line[0] === 'show' && more.length > 0 && code === 0) expect(JSON.parse(output)).toMatchObject({ name });
    }
  }
  const asked = await typed(['break', name, '-r', 'stuck'], { width: 80, answers: [false] });
  expect([1, 65]).toContain(asked.code);
  expect(harmful(asked.output + asked.complaints)).toEqual([]);
  const broken = await typed(['break', name, '-r', 'stuck', '--yes']);
  expect([0, 1, 65]).toContain(broken.code);
  expect(harmful(broken.output + broken.complaints)).toEqual([]);
  const refused = await typed(['run', name, '--wait', '0', '--verbose', '--', 'true']);
  expect([0, 65, 75]).toContain(refused.code);
  expect(harmful(refused.output + refused.complaints)).toEqual([]);
});

test('ls --watch goes on with all of them in one table, and draws them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-any-'));
  try {
    for (const [what, attributes] of ENTRIES) await put(`${what} ${CONTROLS}`, attributes);
    let polls = 0;
    const onOutput = (): void => {
      polls += 1;
    };
    const path = join(folder, 'locks.svg');
    const watching = typed(['ls', '--watch', '--interval', '0.1', '--svg', path], { onOutput });
    await until(() => polls > 2, 'that it polls again');
    process.emit('SIGINT');
    const { code, output, complaints } = await watching;

    expect(code).toBe(0);
    expect(harmful(output + complaints)).toEqual([]);
    expect(harmful(readFileSync(path, 'utf8'))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
