import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { formatVersion, holdIdFrom, tombstoneHoldIdFrom } from '../../runtime/protocol/version.js';
import { Rig } from '../e2e/rig.js';
import { clientEnvironment } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { typed, until } from './tool.js';

const PYTHONS = '7f3f3e0c-2d6f-4b6e-9c1b-1d2e3f4a5b6c';
const before = { ...process.env };
const SILENT = { warn: () => {}, debug: () => {} };
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

/** An entry whose holder wrote `agoSeconds` ago. */
async function put(
  name: string,
  { agoSeconds = 0, leaseSeconds = 60, host = 'host/7', version = '', more = {} } = {},
): Promise<void> {
  const holdId = holdIdFrom(new Uint8Array(10).fill(7));
  const drawn = formatVersion({ stampMs: Date.now() - agoSeconds * 1000, timed: true, holdId });
  const Item = {
    lockKey: { S: name },
    leaseDuration: { N: String(leaseSeconds) },
    versionNumber: { S: version || drawn },
    hostIdentifier: { S: host },
    ...more,
  };
  await rig.direct.send(new PutItemCommand({ TableName: rig.tableName, Item }));
}
/** The version of a tombstone from 10 minutes ago. */
const leftLongAgo = (): string =>
  formatVersion({ stampMs: Date.now() - 600_000, timed: true, holdId: tombstoneHoldIdFrom(new Uint8Array(10)) });
const item = async (name: string) => {
  const { Items = [] } = await rig.direct.send(new ScanCommand({ TableName: rig.tableName }));
  return Items.find(({ lockKey }) => lockKey?.S === name);
};
const rows = (output: string): string[][] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));

describe('ls', () => {
  beforeEach(async () => {
    await put('account/1', { more: { data: { S: '{"job":7}' } } });
    await put('account/2', { agoSeconds: 600, leaseSeconds: 20 });
    await put('broken', { host: 'broken by ops/1: stuck' });
    await put('free', { leaseSeconds: 0 });
    await put('pythons', { version: PYTHONS, host: 'py' });
    const left = formatVersion({ stampMs: Date.now(), timed: true, holdId: tombstoneHoldIdFrom(new Uint8Array(10)) });
    await put('released', { version: left });
    await put('over', { version: leftLongAgo() });
    await put('broken-over', { host: 'broken by ops/1: stuck', agoSeconds: 600 });
  });

  test('shows who holds what, as a table', async () => {
    const { code, output, complaints } = await typed(['ls']);

    expect(code).toBe(0);
    expect(complaints).toBe('');
    const [header, ...locks] = rows(output);
    expect(header).toEqual(['NAME', 'STATE', 'HOLDER', 'LAST SEEN', 'EXPIRES', 'NOTE']);
    const seconds = expect.stringMatching(/^\d+ s ago$/);
    const left = expect.stringMatching(/^in \d+ s$/);
    expect(locks).toEqual([
      ['account/1', 'held', 'host/7', seconds, left, '{"job":7}'],
      ['account/2', 'dead', 'host/7', '10 min ago', 'now'],
      ['broken', 'broken', 'broken by ops/1: stuck', seconds, left],
      ['pythons', 'held?', 'py', 'unknown', left],
      ['released', 'released', 'host/7', seconds, left],
    ]);
  });

  test('filters by prefix, and shows free ones', async () => {
    expect(rows((await typed(['ls', '--prefix', 'account/'])).output).map(([name]) => name)).toEqual([
      'NAME',
      'account/1',
      'account/2',
    ]);
    const { output } = await typed(['ls', '--all']);
    expect(output).toMatch(/^free +free +host\/7 +\d+ s ago$/m);
    expect(output).toMatch(/^over +free +host\/7 +10 min ago$/m);
    expect(output).toMatch(/^broken-over +free +broken by ops\/1: stuck +10 min ago$/m);
  });

  test('as JSON', async () => {
    const { output } = await typed(['ls', '--json']);

    const locks = JSON.parse(output) as readonly Record<string, unknown>[];
    expect(locks.map(({ name }) => name)).toEqual(['account/1', 'account/2', 'broken', 'pythons', 'released']);
    expect(locks[0]).toMatchObject({ looksDead: false, data: { job: 7 }, holder: { hostIdentifier: 'host/7' } });
    expect(locks[1]).toMatchObject({ looksDead: true, deadSince: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(locks[3]).not.toHaveProperty('looksDead');
  });

  test('on a terminal: has colours, and no row is longer than a line', async () => {
    await put('long', { host: 'h'.repeat(300), more: { data: { S: JSON.stringify('n'.repeat(300)) } } });

    const { output } = await typed(['ls'], { width: 100 });

    expect(output).toContain('<green>held</green>');
    expect(output).toContain('<red>dead</red>');
    const plain = output.replaceAll(/<\/?[a-z]+>/g, '').split('\n');
    expect(plain.filter((line) => [...line].length > 100)).toEqual([]);
    expect(output).toContain('…');
    expect((await typed(['ls'])).output).toContain('n'.repeat(300));
  });

  test('prints no control characters that others wrote', async () => {
    await put('evil\u001b[2J', { host: 'a\nb\u202e', more: { data: { S: '"\\u0007"' } } });

    const { output } = await typed(['ls', '--prefix', 'evil']);

    expect(output).toMatch(/^evil\\x1b\[2J +held +a\\x0ab\\u\{202e\}/m);
    expect(output.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test('reports items that are no lock’s entry, and goes on', async () => {
    await rig.direct.send(new PutItemCommand({ TableName: rig.tableName, Item: { lockKey: { S: 'account/0' } } }));

    const { code, output, complaints } = await typed(['ls', '--prefix', 'account/']);

    expect(code).toBe(0);
    expect(rows(output)).toHaveLength(3);
    expect(complaints).toMatch(/^cdk-lynk: lock "account\/0" .* attribute "leaseDuration" of its entry is missing/);
  });

  test('--watch polls again and again, and shows what one poll cannot', async () => {
    await put('pythons', { version: PYTHONS, leaseSeconds: 1 });
    let seen = '';
    const onOutput = (text: string): void => {
      seen += text;
    };
    const watching = typed(['ls', '--watch', '--interval', '0.1', '--prefix', 'pythons'], { width: 80, onOutput });
    await until(() => seen.includes('<red>dead</red>'), 'that the holder is known to be dead');
    process.emit('SIGINT');

    expect((await watching).code).toBe(0);
    expect(seen.startsWith('\u001b[2J\u001b[H<dim>')).toBe(true);
    expect(seen).toMatch(/<dim>\d\d:\d\d:\d\d UTC, every 0.1 s; Ctrl-C ends/);
    expect(seen.indexOf('held?')).toBeGreaterThan(0);
    expect(seen.indexOf('held?')).toBeLessThan(seen.indexOf('dead'));
  });

  test('--watch --svg draws what it has seen so far, at each poll and at the end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cdk-lynk-svg-'));
    const path = join(folder, 'locks.svg');
    const picture = (): string => (existsSync(path) ? readFileSync(path, 'utf8') : '');
    try {
      const watching = typed(['ls', '--watch', '--interval', '0.1', '--svg', path]);
      await until(() => picture().includes('>account/1</text>'), 'that a lock is drawn');
      const { code: refused } = await typed(['ls', '--watch', '--svg', join(folder, 'no', 'such', 'folder.svg')]);
      await put('nightly', { host: 'other/8' });
      await until(() => picture().includes('>nightly</text>'), 'that a new lock is drawn');
      rmSync(path);
      process.emit('SIGINT');

      expect((await watching).code).toBe(0);
      expect(refused).toBe(64);
      expect(picture()).toContain(`>Locks of ${rig.tableName}, `);
      for (const look of ['holder-0', 'over', 'broken', 'kept']) expect(picture()).toContain(`<rect class="${look}"`);
      // No half-written file is left.
      expect(readdirSync(folder)).toEqual(['locks.svg']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('--watch --json writes a line for each poll', async () => {
    let lines = 0;
    const onOutput = (text: string): void => {
      expect(JSON.parse(text)).toHaveLength(5);
      lines += 1;
    };
    const watching = typed(['ls', '--watch', '--interval', '0.1', '--json'], { width: 80, onOutput });
    await until(() => lines > 2, 'that there are lines');
    process.emit('SIGTERM');

    expect((await watching).code).toBe(0);
  });
});

test('ls of a table without locks', async () => {
  expect(await typed(['ls'])).toMatchObject({ code: 0, output: 'no lock is held\n' });
  expect(await typed(['ls', '--json'])).toMatchObject({ code: 0, output: '[]\n' });
});

describe('show', () => {
  test('shows all of the entry', async () => {
    await put('nightly', { agoSeconds: 5, more: { data: { S: '{"job":7}' }, fencingToken: { N: '42' } } });

    const { code, output } = await typed(['show', 'nightly']);

    expect(code).toBe(0);
    for (const line of [
      /^lock {2,}nightly$/m,
      /^state {2,}held$/m,
      /^holder {2,}host\/7$/m,
      /^lease {2,}60 s$/m,
      /^last seen {2,}\d+ s ago, \d{4}-.*Z by DynamoDB's clock$/m,
      /^expires {2,}in \d+ s at the latest, unless refreshed$/m,
      /^note {2,}\{"job":7\}$/m,
      /^token {2,}42$/m,
      /^version {2,}[0-9a-f-]{36} \(cdk-lynk\)$/m,
    ]) {
      expect(output).toMatch(line);
    }
    expect(output).not.toContain('dead since');
  });

  test('says what is not known', async () => {
    await put('nightly', { version: PYTHONS });
    const { output } = await typed(['show', 'nightly']);
    expect(output).toMatch(/^state {2,}held\?: one poll cannot show whether its holder lives$/m);
    expect(output).toMatch(/^last seen {2,}not recorded: the entry has no time in it$/m);
    expect(output).toMatch(/\(not of cdk-lynk's client\)$/m);
  });

  test('a dead holder, since when', async () => {
    await put('nightly', { agoSeconds: 600, leaseSeconds: 20 });
    expect((await typed(['show', 'nightly'])).output).toMatch(/^dead since {2,}\d{4}-.*Z$/m);
  });

  test('a holder whose clock is ahead', async () => {
    await put('nightly', { agoSeconds: -600 });
    expect((await typed(['show', 'nightly'])).output).toMatch(/^last seen {2,}10 min ahead, /m);
  });

  test('as JSON', async () => {
    await put('nightly');
    expect(JSON.parse((await typed(['show', 'nightly', '--json'])).output)).toMatchObject({ name: 'nightly' });
    expect(await typed(['show', 'other', '--json'])).toMatchObject({ code: 1, output: 'null\n' });
  });

  test('exits with 1 if nobody holds the lock, and 65 if the item is no lock’s entry', async () => {
    expect(await typed(['show', 'other'])).toMatchObject({ code: 1, output: 'other is free: it has no entry\n' });
    await rig.direct.send(new PutItemCommand({ TableName: rig.tableName, Item: { lockKey: { S: 'other' } } }));
    expect(await typed(['show', 'other'])).toMatchObject({ code: 65, output: '' });
    await put('kept', { leaseSeconds: 0 });
    await put('over', { version: leftLongAgo() });
    for (const name of ['kept', 'over']) {
      expect(await typed(['show', name])).toMatchObject({
        code: 1,
        output: expect.stringMatching(/^state {2,}free$/m),
      });
    }
  });
});

describe('break', () => {
  test('breaks the hold, and says when the lock is free', async () => {
    await put('nightly');

    expect(await typed(['break', 'nightly', '--reason', 'stuck', '--yes'])).toMatchObject({
      code: 0,
      output: expect.stringMatching(/^broken; free in \d+ s at the latest\n$/),
    });

    expect((await item('nightly'))?.['hostIdentifier']?.S).toMatch(/^broken by .+\/\d+: stuck \(.+\)$/);
  });

  test('shows the lock and asks, on a terminal', async () => {
    await put('nightly');
    const before = await item('nightly');
    const command = ['break', 'nightly', '--reason', 'stuck'];

    const refused = await typed(command, { width: 80, answers: [false] });
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringMatching(/host\/7[\s\S]*Break it\?\nleft as it is\n$/),
    });
    expect(await item('nightly')).toEqual(before);

    expect((await typed(command, { width: 80, answers: [true] })).code).toBe(0);
    expect(await item('nightly')).not.toEqual(before);
  });

  test('breaks a living holder, even if it refreshes before the confirmation', async () => {
    const held = await rig
      .factoryOfAnotherProcess({ leaseSeconds: 60, logger: SILENT })
      .createLock('nightly')
      .acquire();
    const afterRefresh = async (): Promise<boolean> => {
      await held.refresh();
      return true;
    };

    const { code } = await typed(['break', 'nightly', '--reason', 'stuck'], { width: 80, answers: [afterRefresh] });

    expect(code).toBe(0);
    await held.refresh().catch(() => {});
    expect(held.isHeld).toBe(false);
  });

  test('leaves a lock alone that has changed since it was shown', async () => {
    await put('nightly', { version: PYTHONS });
    const afterTakeover = async (): Promise<boolean> => {
      await put('nightly', { host: 'another/1' });
      return true;
    };

    const command = ['break', 'nightly', '-r', 'stuck'];
    const { code, complaints } = await typed(command, { width: 80, answers: [afterTakeover] });

    expect(code).toBe(1);
    expect(complaints).toMatch(/was not broken: it has changed since it was inspected: another\/1 holds it now$/m);
  });

  test('--force deletes the entry, and warns before', async () => {
    await put('nightly');

    const { code, output } = await typed(['break', 'nightly', '-r', 'gone', '--force'], { width: 80, answers: [true] });

    expect(code).toBe(0);
    expect(output).toMatch(/two may hold this lock[\s\S]*Delete its entry\?\ndeleted; free now\n$/);
    expect(await item('nightly')).toBeUndefined();
  });

  test('exits with 1 if there is nothing to break', async () => {
    expect(await typed(['break', 'nightly', '-r', 'stuck', '-y'])).toMatchObject({
      code: 1,
      complaints: 'cdk-lynk: nightly has no entry: nobody holds it\n',
    });
  });
});

test('tables lists the tables with the tag', async () => {
  const Replicas = [{ Tags: [{ Key: 'lynk', Value: 'lock-table' }] }];
  await createTable(rig.direct, { ...lockTable('tagged-locks'), Replicas });
  expect(await typed(['tables'])).toMatchObject({ code: 0, output: 'tagged-locks\n' });
  expect(await typed(['tables', '--json'])).toMatchObject({ code: 0, output: '["tagged-locks"]\n' });
});

test('a missing table: exit code 69, and the way out', async () => {
  const { code, complaints } = await typed(['ls', '--table', 'nobodys-table']);
  expect(code).toBe(69);
  expect(complaints).toMatch(/^cdk-lynk: table "nobodys-table": there is no such table in this account and region/);
});
