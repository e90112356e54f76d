import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import {
  getLockFactory,
  LockFactory,
  type LockFactoryOptions,
  LockOptionError,
  LynkError,
  singleFlight,
  tryWithLock,
  withLock,
  withLocks,
} from '../../../runtime/index.js';
import { createTestLocks } from '../../../runtime/testing/index.js';
import { anyText } from '../protocol/arbitraries.js';

const client = new DynamoDBClient({
  endpoint: 'http://127.0.0.1:1',
  region: 'eu-west-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});
const send = jest.spyOn(client, 'send').mockImplementation(() => {
  throw new Error('there is no DynamoDB here');
});
const factory = getLockFactory('locks', { client, waitSeconds: 0 });

const before = process.env['LYNK_TABLE_NAME'];
beforeEach(() => {
  delete process.env['LYNK_TABLE_NAME'];
});
afterAll(() => {
  delete process.env['LYNK_TABLE_NAME'];
  if (before !== undefined) process.env['LYNK_TABLE_NAME'] = before;
});
// No request is sent to find it out.
afterEach(() => {
  const requests = send.mock.calls.length;
  send.mockClear();
  expect(requests).toBe(0);
});

/** The refusal that this call throws, or rejects with. */
async function refusalOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toBeInstanceOf(LockOptionError);
    expect(error).toBeInstanceOf(LynkError);
    expect(error).toHaveProperty('name', 'LockOptionError');
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

/** Bad input, which the compiler would refuse. */
const bad = (value: unknown): never => value as never;

describe('a lock’s name', () => {
  const ways: readonly (readonly [string, (locks: LockFactory, name: never) => unknown])[] = [
    ['createLock', (locks, name) => locks.createLock(name)],
    ['withLock', (locks, name) => locks.withLock(name, () => {})],
    ['tryWithLock', (locks, name) => locks.tryWithLock(name, () => {})],
    ['inspect', (locks, name) => locks.inspect(name)],
    ['break', (locks, name) => locks.break(name, { reason: 'stuck' })],
  ];
  const names: readonly (readonly [string, unknown, RegExp])[] = [
    ['that is empty', '', /is not empty; name what it protects, like "account\/42"/],
    ['of 2,049 bytes', 'x'.repeat(2049), /at most 2048 UTF-8 bytes, got 2049 \("x{40}…"\); use a digest of it/],
    ['of 1,025 characters that take 2,050 bytes', 'é'.repeat(1025), /at most 2048 UTF-8 bytes, got 2050/],
    ['that is a number', 42, /is a string, got 42/],
    ['that is undefined', undefined, /is a string, got undefined/],
    ['that is null', null, /is a string, got null/],
    ['that is an object', { name: 'a' }, /is a string, got an object/],
    ['that is an array', ['a'], /is a string, got an array/],
    ['that is a symbol', Symbol('a'), /is a string, got Symbol\(a\)/],
    ['with a lone high surrogate', 'a\ud800', /is well-formed Unicode, got a lone surrogate in "a\\ud800"/],
    ['with a lone low surrogate', '\udc00a', /is well-formed Unicode, got a lone surrogate in "\\udc00a"/],
  ];

  describe.each(ways)('of %s', (_way, call) => {
    test.each(names)('%s is refused', async (_what, name, why) => {
      expect(await refusalOf(() => call(factory, bad(name)))).toMatch(why);
    });
  });

  test.each(['a', 'x'.repeat(2048), 'é'.repeat(1024), '😀', 'a/b c\u0000', '__proto__'])(
    'such as %j will do',
    (name) => {
      expect(factory.createLock(name).name).toBe(name);
    },
  );

  test('of any text is refused, or will do; nothing else', () => {
    fc.assert(
      fc.property(anyText({ maxLength: 3000 }), (name) => {
        const isGood = name !== '' && Buffer.from(name).toString() === name && Buffer.byteLength(name) <= 2048;
        if (isGood) expect(factory.createLock(name).name).toBe(name);
        else expect(() => factory.createLock(name)).toThrow(LockOptionError);
      }),
    );
  });
});

describe('leaseSeconds', () => {
  const ways: readonly (readonly [string, (leaseSeconds: never) => unknown])[] = [
    ['getLockFactory', (leaseSeconds) => getLockFactory('locks', { client, leaseSeconds })],
    ['createLock', (leaseSeconds) => factory.createLock('a', { leaseSeconds })],
    ['withLock', (leaseSeconds) => factory.withLock('a', { leaseSeconds }, () => {})],
    ['tryWithLock', (leaseSeconds) => factory.tryWithLock('a', { leaseSeconds }, () => {})],
  ];

  describe.each(ways)('of %s', (_way, call) => {
    test.each([0, -1, 1.5, Number.NaN, 86_401, Infinity, '10', null, [10], true, 10n])(
      '%p is refused',
      async (value) => {
        const message = await refusalOf(() => call(bad(value)));

        expect(message).toContain('leaseSeconds is a whole number of seconds from 1 to 86400, got ');
        expect(message).toContain('work may last longer than the lease');
        if (typeof value === 'number') expect(message).toContain(`got ${value};`);
      },
    );
  });

  test.each([1, 86_400, undefined])('%p will do', (leaseSeconds) => {
    expect(() => factory.createLock('a', { leaseSeconds })).not.toThrow();
    expect(() => getLockFactory('locks', { client, leaseSeconds })).not.toThrow();
  });
});

describe('maxInvocationLeaseSeconds', () => {
  const ways: readonly (readonly [string, (maxInvocationLeaseSeconds: never) => unknown])[] = [
    ['getLockFactory', (maxInvocationLeaseSeconds) => getLockFactory('locks', { client, maxInvocationLeaseSeconds })],
    ['createLock', (maxInvocationLeaseSeconds) => factory.createLock('a', { maxInvocationLeaseSeconds })],
    ['withLock', (maxInvocationLeaseSeconds) => factory.withLock('a', { maxInvocationLeaseSeconds }, () => {})],
  ];

  test.each(ways)('of %s is a whole number of seconds', async (_way, call) => {
    for (const value of [0, 1.5, Number.NaN, 86_401, Infinity, '60', null]) {
      expect(await refusalOf(() => call(bad(value)))).toContain(
        `maxInvocationLeaseSeconds is a whole number of seconds from 1 to 86400, got ${typeof value === 'string' ? '"60"' : value}`,
      );
    }
  });

  test.each([1, 900, 86_400])('%d will do', (maxInvocationLeaseSeconds) => {
    expect(() => getLockFactory('locks', { client, maxInvocationLeaseSeconds })).not.toThrow();
  });
});

describe('waitSeconds', () => {
  const ways: readonly (readonly [string, (waitSeconds: never) => unknown])[] = [
    ['getLockFactory', (waitSeconds) => getLockFactory('locks', { client, waitSeconds })],
    ['createLock', (waitSeconds) => factory.createLock('a', { waitSeconds })],
    ['acquire', (waitSeconds) => factory.createLock('a').acquire({ waitSeconds })],
    ['withLock', (waitSeconds) => factory.withLock('a', { waitSeconds }, () => {})],
  ];

  describe.each(ways)('of %s', (_way, call) => {
    test.each([-1, Number.NaN, 86_401, -Infinity, '10', null, {}])('%p is refused', async (value) => {
      expect(await refusalOf(() => call(bad(value)))).toMatch(
        /waitSeconds is a number of seconds from 0 \(ask once\) to 86400, or Infinity, got /,
      );
    });
  });

  test.each([0, 0.5, 86_400, Infinity, undefined])('%p will do', (waitSeconds) => {
    expect(() => factory.createLock('a', { waitSeconds })).not.toThrow();
  });
});

describe('a semaphore', () => {
  test.each([0, -1, 1.5, 101, Number.NaN, Infinity, '3', null, undefined, [3], 3n])(
    'of %p permits is refused',
    async (permits) => {
      const message = await refusalOf(() => factory.createSemaphore('a', { permits: bad(permits) }));

      expect(message).toContain('permits is a whole number from 1 to 100, got ');
      expect(message).toContain('let callers choose between several semaphores');
      if (typeof permits === 'number') expect(message).toContain(`got ${permits};`);
    },
  );

  test.each([1, 3, 100])('of %p permits will do', (permits) => {
    expect(factory.createSemaphore('a', { permits })).toMatchObject({ name: 'a', permits });
  });

  test('without options is refused, and so are options that it does not know', async () => {
    expect(await refusalOf(() => factory.createSemaphore('a', bad(undefined)))).toContain('permits is a whole number');
    expect(await refusalOf(() => factory.createSemaphore('a', bad({ permits: 3, permit: 3 })))).toBe(
      'createSemaphore knows no option "permit"; it takes permits, leaseSeconds, waitSeconds',
    );
    const semaphore = factory.createSemaphore('a', { permits: 3 });
    expect(await refusalOf(() => semaphore.acquire(bad({ permits: 3 })))).toContain(
      'acquire knows no option "permits"',
    );
    expect(await refusalOf(() => semaphore.tryAcquire(bad({ waitSeconds: 3 })))).toContain(
      'tryAcquire knows no option "waitSeconds"',
    );
    expect(await refusalOf(() => semaphore.withPermit(bad({ lease: 3 }), () => {}))).toContain('withPermit knows no');
    expect(await refusalOf(() => semaphore.withPermit(bad(3)))).toContain('withPermit takes the work to do');
  });

  test('has a name that leaves room for the numbers of its permits', async () => {
    expect(factory.createSemaphore('x'.repeat(2046), { permits: 10 }).permits).toBe(10);
    expect(await refusalOf(() => factory.createSemaphore('x'.repeat(2046), { permits: 11 }))).toMatch(
      /at most 2048 UTF-8 bytes, got 2049/,
    );
    expect(await refusalOf(() => factory.createSemaphore('', { permits: 1 }))).toMatch(/is not empty/);
  });

  test('has the bounds of a lock for its lease and its wait', async () => {
    expect(await refusalOf(() => factory.createSemaphore('a', { permits: 1, leaseSeconds: 0 }))).toContain(
      'leaseSeconds',
    );
    expect(await refusalOf(() => factory.createSemaphore('a', { permits: 1, waitSeconds: -1 }))).toContain(
      'waitSeconds',
    );
  });
});

describe('a single flight', () => {
  const refusal = (options: unknown): Promise<string> =>
    refusalOf(() => factory.singleFlight('a', bad(options), () => 1));

  test.each([0, 3, -5, 86_401, Number.NaN, Infinity, '60', null, undefined, [60]])(
    'fresh for %p seconds is refused',
    async (freshSeconds) => {
      const message = await refusal({ freshSeconds });

      expect(message).toContain(
        'freshSeconds is a number of seconds up to 86400, more than the 3 of clockToleranceSeconds',
      );
      if (typeof freshSeconds === 'number') expect(message).toContain(`got ${freshSeconds}`);
    },
  );

  test('has to be more than the tolerance of its factory, which has to be finite', async () => {
    const flight = (clockToleranceSeconds: number) => () =>
      getLockFactory('locks', { client, clockToleranceSeconds }).singleFlight('a', { freshSeconds: 60 }, () => 1);
    expect(await refusalOf(flight(60))).toContain('more than the 60 of clockToleranceSeconds');
    expect(await refusalOf(flight(Infinity))).toContain('use a factory with a finite one');
  });

  test('has options, and work', async () => {
    expect(await refusal(undefined)).toContain('freshSeconds is a number');
    expect(await refusal({ freshSeconds: 60, fresh: 1 })).toBe(
      'singleFlight knows no option "fresh"; it takes freshSeconds, leaseSeconds, waitSeconds, signal, context',
    );
    expect(await refusal({ freshSeconds: 60, leaseSeconds: 0 })).toContain('leaseSeconds');
    expect(await refusal({ freshSeconds: 60, waitSeconds: -1 })).toContain('waitSeconds');
    expect(await refusalOf(() => factory.singleFlight('a', { freshSeconds: 60 }, bad(1)))).toContain(
      'singleFlight takes the work to do under the lock',
    );
    expect(await refusalOf(() => singleFlight('a', { freshSeconds: 60 }, () => 1))).toMatch(/^which table/);
    expect(await refusalOf(() => factory.singleFlight('', { freshSeconds: 60 }, () => 1))).toMatch(/is not empty/);
  });
});

describe('the names of withLocks', () => {
  const refusal = (names: unknown): Promise<string> => refusalOf(() => factory.withLocks(bad(names), () => {}));

  test.each([undefined, null, 'a', 42, {}, new Set(['a'])])('that are %p are refused', async (names) => {
    expect(await refusal(names)).toMatch(/^withLocks takes a list of lock names, got /);
  });

  test('are 1 to 100', async () => {
    const names = Array.from({ length: 101 }, (_, index) => `a/${index}`);
    expect(await refusal([])).toBe('withLocks takes 1 to 100 lock names, got 0; lock what they belong to instead');
    expect(await refusal(names)).toContain('got 101');
  });

  test('are each a lock’s name', async () => {
    expect(await refusal(['a', ''])).toMatch(/is not empty/);
    expect(await refusal(['a', 7])).toMatch(/is a string, got 7/);
    // biome-ignore lint/suspicious/noSparseArray: this is what is refused
    expect(await refusal(['a', , 'b'])).toMatch(/is a string, got undefined/);
  });

  test('are named once each: which is not is said', async () => {
    expect(await refusal(['a', 'b', 'a', 'c', 'b', 'a'])).toBe(
      'withLocks got "a", "b" more than once; nobody can hold a lock twice: name each once',
    );
  });

  test('are followed by options that it knows, and the work', async () => {
    expect(await refusalOf(() => factory.withLocks(['a'], bad({ waitSecond: 1 }), () => {}))).toContain('"waitSecond"');
    expect(await refusalOf(() => factory.withLocks(['a'], bad({ leaseSeconds: 0 }), () => {}))).toContain(
      'leaseSeconds',
    );
    expect(await refusalOf(() => factory.withLocks(['a'], bad({ waitSeconds: -1 }), () => {}))).toContain(
      'waitSeconds',
    );
    expect(await refusalOf(() => factory.withLocks(['a'], bad({ signal: {} }), () => {}))).toContain('signal');
    expect(await refusalOf(() => factory.withLocks(['a'], bad({ context: {} }), () => {}))).toContain('context');
    expect(await refusalOf(() => factory.withLocks(['a'], bad({})))).toContain('withLocks takes the work to do');
    expect(await refusalOf(() => withLocks(['a'], () => {}))).toMatch(/^which table/);
  });
});

describe('the options of a factory', () => {
  const refusal = (options: Record<string, unknown>): Promise<string> =>
    refusalOf(() => getLockFactory('locks', { client, ...options } as LockFactoryOptions));

  test.each([0, 1, 2.5, -3, Number.NaN, -Infinity, 86_401, '3', null])(
    'clockToleranceSeconds %p is refused',
    async (clockToleranceSeconds) => {
      expect(await refusal({ clockToleranceSeconds })).toMatch(
        /clockToleranceSeconds is a whole number of seconds, at least 2, or Infinity .* got /,
      );
    },
  );

  test.each([2, 3, 60, Infinity, undefined])('clockToleranceSeconds %p will do', (clockToleranceSeconds) => {
    expect(() => getLockFactory('locks', { client, clockToleranceSeconds })).not.toThrow();
  });

  test.each([null, {}, 'a client', 7, { send: true }])('client %p is refused', async (value) => {
    expect(await refusal({ client: value })).toMatch(/client is a DynamoDBClient, got /);
  });

  test.each([null, {}, 'console', { warn: () => {} }, { warn: () => {}, debug: true }])(
    'logger %p is refused',
    async (logger) => {
      expect(await refusal({ logger })).toMatch(/logger has the methods warn and debug, like console, got /);
    },
  );

  test.each(['', 'x'.repeat(1025), 7, null])('hostIdentifier %p is refused', async (hostIdentifier) => {
    expect(await refusal({ hostIdentifier })).toMatch(/hostIdentifier is a text of 1 to 1,024 characters, got /);
  });

  test('console will do for a logger', () => {
    expect(() => getLockFactory('locks', { client, logger: console, hostIdentifier: 'me' })).not.toThrow();
  });
});

describe('the table', () => {
  test.each<[unknown, RegExp]>([
    ['ab', /3 to 255 letters, digits, "_", "-" and "\.", or is an ARN, got "ab"/],
    ['x'.repeat(256), /got "x{40}…"/],
    ['my locks', /got "my locks"/],
    ['locks/a', /got "locks\/a"/],
    ['arn:aws:s3:::locks', /got "arn:aws:s3:::locks"/],
    [7, /got 7/],
    [null, /which table\?|got null/],
    [{ tableName: 'locks' }, /got an object/],
  ])('%p is refused', async (table, why) => {
    expect(await refusalOf(() => getLockFactory(bad(table)))).toMatch(why);
  });

  test.each([
    'locks',
    'a_b-c.d',
    'arn:aws:dynamodb:eu-west-1:123456789012:table/locks',
    'arn:aws-cn:dynamodb:cn-north-1:123456789012:table/locks',
  ])('%p will do', (table) => {
    expect(() => getLockFactory(table)).not.toThrow();
  });

  test.each<[string, () => unknown]>([
    ['getLockFactory', () => getLockFactory()],
    ['getLockFactory, given an empty name', () => getLockFactory('')],
    ['withLock', () => withLock('a', () => {})],
    ['tryWithLock', () => tryWithLock('a', () => {})],
  ])('that is missing is refused by %s', async (_, call) => {
    expect(await refusalOf(call)).toMatch(/which table\? Pass its name to getLockFactory, or set LYNK_TABLE_NAME/);
  });

  test('is that of the environment where none is given', async () => {
    process.env['LYNK_TABLE_NAME'] = 'no such name';
    expect(await refusalOf(() => getLockFactory())).toContain('got "no such name"');

    process.env['LYNK_TABLE_NAME'] = 'locks';
    expect(() => getLockFactory()).not.toThrow();
  });
});

describe('an unknown option', () => {
  test.each<[string, string, (options: never) => unknown]>([
    [
      'getLockFactory',
      'client, leaseSeconds, maxInvocationLeaseSeconds, waitSeconds, fencing, clockToleranceSeconds',
      (options) => getLockFactory('locks', options),
    ],
    [
      'createLock',
      'leaseSeconds, maxInvocationLeaseSeconds, waitSeconds, lockAtLeastSeconds, fencing',
      (options) => factory.createLock('a', options),
    ],
    ['acquire', 'waitSeconds, signal, context', (options) => factory.createLock('a').acquire(options)],
    ['tryAcquire', 'signal, context', (options) => factory.createLock('a').tryAcquire(options)],
    [
      'withLock',
      'leaseSeconds, maxInvocationLeaseSeconds, waitSeconds, lockAtLeastSeconds, fencing, signal, context, releaseReserveSeconds, data',
      (options) => factory.withLock('a', options, () => {}),
    ],
    [
      'tryWithLock',
      'leaseSeconds, maxInvocationLeaseSeconds, fencing, signal, context, releaseReserveSeconds, data, lockAtLeastSeconds',
      (options) => factory.tryWithLock('a', options, () => {}),
    ],
    ['withLock', 'waitSeconds, signal, context', (options) => factory.createLock('a').withLock(options, () => {})],
    ['tryWithLock', 'signal, context', (options) => factory.createLock('a').tryWithLock(options, () => {})],
    [
      'deserializeLock',
      'signal, context, releaseReserveSeconds, data, lockAtLeastSeconds, fencing',
      (options) => factory.deserializeLock('{}', options),
    ],
  ])('of %s is refused by name, with the known ones: %s', async (where, known, call) => {
    const message = await refusalOf(() => call(bad({ leaseSecond: 3, 'wait-seconds': 1 })));

    expect(message).toContain(`${where} knows no option "leaseSecond", "wait-seconds"; it takes ${known}`);
    expect(await refusalOf(() => call(bad(7)))).toContain(`the options of ${where} are an object, got 7`);
  });

  test('is also what another call takes', async () => {
    expect(await refusalOf(() => factory.createLock('a').acquire(bad({ leaseSeconds: 3 })))).toContain(
      '"leaseSeconds"',
    );
    expect(await refusalOf(() => factory.tryWithLock('a', bad({ waitSeconds: 3 }), () => {}))).toContain(
      '"waitSeconds"',
    );
  });
});

describe('the options of a call', () => {
  const ways: readonly (readonly [string, (options: never) => unknown])[] = [
    ['acquire', (options) => factory.createLock('a').acquire(options)],
    ['tryAcquire', (options) => factory.createLock('a').tryAcquire(options)],
    ['withLock', (options) => factory.withLock('a', options, () => {})],
    ['tryWithLock', (options) => factory.tryWithLock('a', options, () => {})],
  ];

  describe.each(ways)('of %s', (_way, call) => {
    test.each([null, {}, 'a signal', { aborted: false }, new AbortController()])(
      'signal %p is refused',
      async (signal) => {
        expect(await refusalOf(() => call(bad({ signal })))).toMatch(/signal is an AbortSignal, got /);
      },
    );

    test.each([null, {}, 'a context', { getRemainingTimeInMillis: 3000 }])('context %p is refused', async (context) => {
      expect(await refusalOf(() => call(bad({ context })))).toMatch(
        /context is a Lambda handler's second argument, got /,
      );
    });
  });
});

describe('work', () => {
  const ways: readonly (readonly [string, (...args: never[]) => unknown])[] = [
    ['withLock', (...args) => factory.withLock('a', ...(args as [never]))],
    ['tryWithLock', (...args) => factory.tryWithLock('a', ...(args as [never]))],
    ['withLock', (...args) => factory.createLock('a').withLock(...(args as [never]))],
    ['tryWithLock', (...args) => factory.createLock('a').tryWithLock(...(args as [never]))],
  ];

  test.each(ways)('of %s that is missing is refused', async (where, call) => {
    const missing = new RegExp(`${where} takes the work to do under the lock as its last argument, a function, got `);

    expect(await refusalOf(() => call())).toMatch(missing);
    expect(await refusalOf(() => call(bad({ waitSeconds: 1 })))).toMatch(missing);
    expect(await refusalOf(() => call(bad({}), bad('work')))).toMatch(missing);
    expect(await refusalOf(() => call(bad({}), bad(Promise.resolve())))).toMatch(missing);
  });

  test('is needed by the functions of the environment too', async () => {
    process.env['LYNK_TABLE_NAME'] = 'locks';

    expect(await refusalOf(() => withLock('a', bad(undefined)))).toContain('withLock takes the work');
    expect(await refusalOf(() => tryWithLock('a', bad(undefined)))).toContain('tryWithLock takes the work');
  });
});

test('the class of factories is a value, and a token that a test’s locks stand for too', () => {
  expect(getLockFactory('my-locks')).toBeInstanceOf(LockFactory);
  expect(createTestLocks()).toBeInstanceOf(LockFactory);
  const Constructed = LockFactory as unknown as new () => LockFactory;
  expect(() => new Constructed()).toThrow(LockOptionError);
});

test('a factory, a lock and their errors cost no request', () => {
  expect(getLockFactory('locks', { client }).createLock('a').name).toBe('a');
});

describe('to inspect, list and break', () => {
  test.each<[string, (locks: LockFactory) => unknown, RegExp]>([
    [
      'inspect with an unknown option',
      (locks) => locks.inspect('a', bad({ prefix: 'a' })),
      /^inspect knows no option "prefix"/,
    ],
    [
      'inspect with a signal that is none',
      (locks) => locks.inspect('a', bad({ signal: 1 })),
      /^signal is an AbortSignal, got 1/,
    ],
    [
      'list with an unknown option',
      (locks) => locks.list(bad({ name: 'a' })),
      /^list knows no option "name"; it takes prefix/,
    ],
    [
      'list with a prefix that is a number',
      (locks) => locks.list(bad({ prefix: 1 })),
      /^prefix is how a lock's name begins, .*got 1/,
    ],
    ['list with half a character', (locks) => locks.list({ prefix: 'a\ud800' }), /^prefix is how a lock's name begins/],
    [
      'list with a prefix no name can have',
      (locks) => locks.list({ prefix: 'x'.repeat(2049) }),
      /up to 2048 UTF-8 bytes/,
    ],
    [
      'list with a text for a flag',
      (locks) => locks.list(bad({ includeFree: 'yes' })),
      /^includeFree is true or false, got "yes"/,
    ],
    [
      'list with a listener that is none',
      (locks) => locks.list(bad({ onMalformed: 'log' })),
      /^onMalformed is a function, got "log"/,
    ],
    ['list with a signal that is none', (locks) => locks.list(bad({ signal: 1 })), /^signal is an AbortSignal, got 1/],
    ['break without a reason', (locks) => locks.break('a', bad(undefined)), /^reason is a text of .*got undefined/],
    [
      'break for a reason that is empty',
      (locks) => locks.break('a', { reason: ' ' }),
      /^reason is a text of .*got " "/,
    ],
    [
      'break for a reason in two lines',
      (locks) => locks.break('a', { reason: 'a\nb' }),
      /1 to 500 characters on one line/,
    ],
    ['break for a reason without end', (locks) => locks.break('a', { reason: 'x'.repeat(501) }), /1 to 500 characters/],
    ['break for half a character', (locks) => locks.break('a', { reason: '\ud800' }), /^reason is a text of/],
    [
      'break with an unknown option',
      (locks) => locks.break('a', bad({ reason: 'a', name: 1 })),
      /^break knows no option "name"/,
    ],
    [
      'break of an empty version',
      (locks) => locks.break('a', { reason: 'a', version: '' }),
      /^version is one that inspect has returned/,
    ],
    [
      'break of a version that is a number',
      (locks) => locks.break('a', bad({ reason: 'a', version: 7 })),
      /^version is .*got 7/,
    ],
    [
      'break with a text for a flag',
      (locks) => locks.break('a', bad({ reason: 'a', force: 'yes' })),
      /^force is true or false/,
    ],
  ])('%s is refused', async (_what, call, why) => {
    expect(await refusalOf(() => call(factory))).toMatch(why);
  });
});
