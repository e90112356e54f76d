import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  getLockFactory,
  type HeldLock,
  type Lock,
  LockLostError,
  LockTableError,
  LockUnavailableError,
} from '../../runtime/index.js';
import { SERVER_ERROR, THROTTLED } from '../server/fault-proxy.js';
import { clientEnvironment } from '../server/index.js';
import { createTable, deleteTable, lockTable } from '../server/table.js';
import type { AcquireReport } from './acquire-process.js';
import { Rig, rejectionOf } from './rig.js';
import { killSpawned, Spawned } from './spawned.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});
beforeEach(() => rig.proxy.forget());
afterEach(killSpawned);
afterAll(() => rig.stop());

describe('a server that never answers', () => {
  // Several at once: what happens at a time limit is a race between two timers.
  const CALLERS = 20;

  async function rejections(ask: (lock: Lock) => Promise<unknown>, leaseSeconds: number): Promise<unknown[]> {
    const factory = rig.factory({ leaseSeconds });
    rig.proxy.fate = () => 'silence';
    const names = Array.from({ length: CALLERS }, (_, index) => `silent/${index}`);
    return Promise.all(names.map((name) => rejectionOf(ask(factory.createLock(name)))));
  }

  test('acquire rejects at its time limit, and says why', async () => {
    const startedAt = performance.now();
    const errors = await rejections((lock) => lock.acquire({ waitSeconds: 1 }), 600);

    expect(performance.now() - startedAt).toBeGreaterThan(900);
    for (const error of errors) {
      expect(error).toBeInstanceOf(LockUnavailableError);
      expect(error).toMatchObject({ tableName: rig.tableName, cause: expect.any(Error) });
    }
  });

  test('a try rejects too: nobody is known to hold the lock', async () => {
    const errors = await rejections((lock) => lock.tryAcquire(), 2);

    for (const error of errors) {
      expect(error).toBeInstanceOf(LockUnavailableError);
      expect(error).toMatchObject({ cause: expect.any(Error) });
    }
  });

  test('a holder’s signal aborts at its deadline, and says why', async () => {
    const warn = jest.fn();
    const factory = rig.factory({ leaseSeconds: 2, logger: { warn, debug: () => {} } });
    const held = await factory.createLock('silenced').acquire();
    rig.proxy.fate = () => 'silence';
    await once(held.signal, 'abort');

    expect(held.signal.reason).toBeInstanceOf(LockLostError);
    expect(held.signal.reason).toMatchObject({ reason: 'deadline', lockName: 'silenced', cause: expect.any(Error) });
    expect(held.isHeld).toBe(false);
    expect(() => held.assertHeld()).toThrow(held.signal.reason);
    expect(warn).toHaveBeenCalledTimes(1);
    // Nobody is left to hear of a failed cleaning-up.
    await held.release();
  });

  test('work that was done in time stays done where its release is not confirmed', async () => {
    const warn = jest.fn();
    const factory = rig.factory({ leaseSeconds: 4, logger: { warn, debug: () => {} } });
    const value = await factory.withLock('unconfirmed', () => {
      rig.proxy.fate = () => 'silence';
      return 'done';
    });

    expect(value).toBe('done');
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('release was not confirmed'), expect.anything());
  });
});

test.each([
  { what: 'holds a lock', silent: false, report: { held: true } },
  { what: 'was not granted one', silent: true, report: { held: false, error: { name: 'LockUnavailableError' } } },
])('a process that $what comes to its end by itself', async ({ silent, report }) => {
  rig.proxy.fate = () => (silent ? 'silence' : 'pass');
  const env = clientEnvironment(rig.proxy.endpoint);
  const child = Spawned.start('acquire-process.ts', [rig.tableName, 'bare', '600', '1'], env);

  expect(await child.reported<AcquireReport>('settled')).toMatchObject(report);
  // Long before the heartbeat of this lease is due, if it were that which it waits for.
  const ended = await Promise.race([child.ended, sleep(20_000, 'still running', { ref: false })]);
  expect(ended).toBe(0);
});

/** To the last second of a lease it is tested in virtual time: a busy machine takes more than that to answer. */
describe('through a whole lease but its last seconds', () => {
  const LEASE_SECONDS = 10;
  const LEFT_SECONDS = 3;
  const faults = { throttled: THROTTLED, failing: SERVER_ERROR, reset: 'reset' } as const;
  type Kind = keyof typeof faults;
  const kindOf = (name = ''): Kind | undefined => name.split('/')[1] as Kind | undefined;

  test('throttled, failing and reset holders still hold, and nobody disturbs them', async () => {
    const logger = { warn: jest.fn(), debug: () => {} };
    const options = { leaseSeconds: LEASE_SECONDS, logger };
    // Each fault meets a client that tries again by itself, and one that does not.
    const factories = [rig.factory(options), rig.factory({ ...options, client: rig.client({ maxAttempts: 1 }) })];
    const names = Object.keys(faults).map((kind) => `outage/${kind}`);
    const holds = await Promise.all(
      factories.flatMap((factory, index) => names.map((name) => factory.createLock(`${name}/${index}`).acquire())),
    );
    const startedAt = performance.now();
    await Promise.all(holds.map((held) => held.refresh()));
    const versions = await Promise.all(holds.map(({ name }) => rig.versionOf(name)));
    rig.proxy.forget();
    rig.proxy.fate = ({ input }) => faults[kindOf(input.Key?.lockKey?.S) ?? 'reset'];
    const contender = rig.factoryOfAnotherProcess({ leaseSeconds: LEASE_SECONDS, waitSeconds: LEASE_SECONDS + 1 });
    const contending = holds.map(({ name }) => rejectionOf(contender.withLock(name, () => 'granted')));

    await sleep(startedAt + (LEASE_SECONDS - LEFT_SECONDS) * 1000 - performance.now());
    const refused = rig.proxy.counts['UpdateItem'];
    rig.proxy.forget();

    expect(refused).toBeGreaterThan(holds.length * 2);
    const outcomes = await Promise.allSettled(contending);
    expect(holds.filter(isLost).map(({ name }) => name)).toEqual([]);
    // How late the refreshes came is worth a warning; that is all that there was.
    const warnings = logger.warn.mock.calls.map(([, details]) => details?.lockEvent);
    expect(warnings.filter((event) => event !== 'refreshed-late')).toEqual([]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'fulfilled', value: { holder: { leaseSeconds: LEASE_SECONDS } } });
    }
    const refreshed = await Promise.all(holds.map(({ name }) => rig.versionOf(name)));
    expect(refreshed.filter((version, index) => version === undefined || version === versions[index])).toEqual([]);
    await Promise.all(holds.map((held) => held.release()));
  });

  function isLost(held: HeldLock): boolean {
    return !held.isHeld || held.signal.aborted;
  }
});

describe('a table that cannot be used', () => {
  const DENIED = { status: 400, error: 'AccessDeniedException', message: 'User: me is not authorized to perform: it' };

  async function expectTableError(promise: Promise<unknown>, ...says: string[]): Promise<void> {
    const error = await rejectionOf(promise);
    expect(error).toBeInstanceOf(LockTableError);
    for (const text of says) expect(String(error)).toContain(text);
  }

  test('there is none of that name', async () => {
    const factory = rig.factory();
    await deleteTable(rig.direct, rig.tableName);
    try {
      const says = [rig.tableName, 'no such table', 'LynkLockTable', 'LYNK_TABLE_NAME'];
      await expectTableError(factory.createLock('a').acquire(), ...says);
      await expectTableError(factory.createLock('a').tryAcquire(), ...says);
    } finally {
      await createTable(rig.direct, lockTable(rig.tableName));
    }
  });

  test('its key is not lockKey', async () => {
    const tableName = `${rig.tableName}-other-key`;
    await createTable(rig.direct, {
      ...lockTable(tableName),
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    });
    const lock = getLockFactory(tableName, { client: rig.client() }).createLock('a');
    await expectTableError(lock.acquire(), tableName, 'is not a lock table', 'partition key "lockKey"');
    await deleteTable(rig.direct, tableName);
  });

  test('permission to write is missing', async () => {
    rig.proxy.fate = () => DENIED;
    const lock = rig.factory().createLock('a');
    const says = [rig.tableName, 'dynamodb:UpdateItem', 'grantLock', DENIED.message];
    await expectTableError(lock.acquire(), ...says);
    await expectTableError(lock.tryAcquire(), ...says);
    expect(rig.proxy.counts).toEqual({ UpdateItem: 2 });
  });

  test('permission to read, which a wait needs, is missing', async () => {
    await rig.putForeignEntry('waited for', { leaseSeconds: 600 });
    rig.proxy.fate = ({ operation }) => (operation === 'GetItem' ? DENIED : 'pass');
    await expectTableError(rig.factory().createLock('waited for').acquire(), 'dynamodb:GetItem', 'grantLock');
  });

  test('permission to delete, which a release needs, is missing: it asks until its time is over, and says why', async () => {
    const held = await rig.factory().createLock('undeletable').acquire();
    rig.proxy.fate = ({ operation }) => (operation === 'DeleteItem' ? DENIED : 'pass');

    const error = await rejectionOf(held.release());

    expect(error).toBeInstanceOf(LockUnavailableError);
    await expectTableError(Promise.reject((error as Error).cause), rig.tableName, 'dynamodb:DeleteItem', 'grantLock');
  });

  describe('from a process without a configuration', () => {
    let home: string;
    beforeAll(() => {
      home = mkdtempSync(join(tmpdir(), 'cdk-lynk-home-'));
    });
    afterAll(() => rmSync(home, { recursive: true }));

    /** No profile, and no machine to ask for credentials. */
    const environment = () => {
      const { AWS_ENDPOINT_URL_DYNAMODB = '', AWS_REGION = '' } = clientEnvironment(rig.server.endpoint);
      return { env: { HOME: home, AWS_EC2_METADATA_DISABLED: 'true', AWS_ENDPOINT_URL_DYNAMODB }, AWS_REGION };
    };

    test.each([
      { missing: 'credentials', withRegion: true, says: ['no valid AWS credentials', 'client of your own'] },
      { missing: 'region', withRegion: false, says: ['region is not set', 'AWS_REGION'] },
    ])('$missing', async ({ withRegion, says }) => {
      const { env, AWS_REGION } = environment();
      const child = Spawned.start('acquire-process.ts', [rig.tableName, 'a', '10', '20'], {
        ...env,
        ...(withRegion && { AWS_REGION }),
      });
      const settled = await child.reported<AcquireReport>('settled');

      expect(settled).toMatchObject({
        held: false,
        error: { name: 'LockTableError', tableName: rig.tableName, lockName: 'a' },
      });
      for (const text of [rig.tableName, ...says]) expect(JSON.stringify(settled)).toContain(text);
    });
  });
});
