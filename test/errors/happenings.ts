import { credentialsOfEnvironment } from '../../runtime/light/credentials.js';
import { endpointIn } from '../../runtime/light/endpoint.js';
import { classifyFailure, noLockTable } from '../../runtime/store/failure.js';
import { DynamoDBHoldStore } from '../../runtime/store/hold-store.js';
import { entryFromItem } from '../../runtime/store/item.js';
import type { VirtualTestLocks } from '../../runtime/testing/index.js';
import { type Provocation, reasonOf, wrong } from './provocation.js';

const work = (): number => 1;

/** Not granted: another has it. */
export const NOT_GRANTED: readonly Provocation[] = [
  {
    when: 'another process holds the lock for all of `waitSeconds`',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42');
      await locks.withLock('account/42', { waitSeconds: 3 }, work);
    },
  },
  {
    when: 'another process holds the lock, and you try once',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42');
      await locks.createLock('account/42', { waitSeconds: 0 }).acquire();
    },
  },
  {
    when: "the invocation's end leaves no time to wait",
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42');
      await locks.withLock('account/42', { context: locks.invocation(0.5) }, work);
    },
  },
  {
    when: 'the lock was broken, and its lease is not over yet',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42');
      await locks.break('account/42', { reason: 'stuck since noon' });
      await locks.withLock('account/42', { waitSeconds: 0 }, work);
    },
  },
  {
    when: 'all permits of a semaphore are taken',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('api#0');
      await locks.createSemaphore('api', { permits: 1, waitSeconds: 0 }).acquire();
    },
  },
  {
    when: 'another process holds one of several locks',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/7');
      await locks.withLocks(['account/42', 'account/7'], { waitSeconds: 1 }, work);
    },
  },
];

/** DynamoDB could not be reached, or did not answer or confirm in time. */
export const UNAVAILABLE: readonly Provocation[] = [
  {
    when: 'DynamoDB cannot be reached',
    provoke: (locks) => {
      locks.simulate.outage();
      return locks.withLock('account/42', { waitSeconds: 3 }, work);
    },
  },
  {
    when: 'DynamoDB does not answer in time',
    provoke: (locks) => {
      locks.simulate.slow(60);
      return locks.withLock('account/42', { waitSeconds: 3 }, work);
    },
  },
  {
    when: 'DynamoDB cannot be reached any more while you wait for another holder',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42', { leaseSeconds: 60 });
      const waiting = locks.withLock('account/42', { waitSeconds: 3 }, work);
      await Promise.race([waiting, locks.time.advance(1)]);
      locks.simulate.outage();
      await waiting;
    },
  },
  {
    when: 'DynamoDB cannot be reached for a semaphore',
    provoke: (locks) => {
      locks.simulate.outage();
      return locks.createSemaphore('api', { permits: 1, waitSeconds: 3 }).acquire();
    },
  },
  {
    when: 'you want several locks while DynamoDB cannot be reached',
    provoke: (locks) => {
      locks.simulate.outage();
      return locks.withLocks(['account/42', 'account/7'], { waitSeconds: 3 }, work);
    },
  },
  {
    when: 'you use a hand-over token while DynamoDB cannot be reached',
    provoke: async (locks) => {
      const text = await (await locks.simulate.heldByOther('account/42')).serialize();
      locks.simulate.outage();
      await locks.deserializeLock(text);
    },
  },
  {
    when: '`inspect`, `list` or `break` is not answered',
    provoke: (locks) => {
      locks.simulate.outage();
      return locks.inspect('account/42');
    },
  },
  {
    when: '`release` is not answered',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      locks.simulate.outage();
      await held.release();
    },
  },
  {
    when: '`serialize` is not answered',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      locks.simulate.outage();
      await held.serialize();
    },
  },
];

const losing =
  (reason: 'taken' | 'gone' | 'deadline') =>
  async (locks: VirtualTestLocks): Promise<void> => {
    const held = await locks.createLock('account/42').acquire();
    await locks.simulate.lose(held, reason);
    held.assertHeld();
  };

/** Lost: the reasons, one by one. */
export const LOST: readonly Provocation[] = [
  {
    when: '`deadline`: no refresh was confirmed in time',
    provoke: losing('deadline'),
  },
  {
    when: '`taken`: another holder has the lock now',
    provoke: losing('taken'),
  },
  {
    when: '`taken`: another process held the lock in between, and a late copy of your first write brought your entry back',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42', { fencing: true }).acquire();
      const { items } = wrong<{
        parts: { table: { items: Map<string, object> } };
      }>(locks).parts.table;
      items.set('account/42', { ...items.get('account/42'), fencingToken: { N: '7' } });
      await held.refresh().catch(() => {});
      held.assertHeld();
    },
  },
  {
    when: '`taken`: something that is not an entry of a lock replaced the entry',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      const { items } = wrong<{
        parts: { table: { items: Map<string, unknown> } };
      }>(locks).parts.table;
      items.set('account/42', { lockKey: { S: 'account/42' } });
      await held.refresh().catch(() => {});
      held.assertHeld();
    },
  },
  { when: '`gone`: somebody deleted the entry', provoke: losing('gone') },
  {
    when: '`broken`: somebody broke the lock by hand',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      await locks.break('account/42', { reason: 'stuck since noon' });
      await held.refresh();
    },
  },
  {
    when: '`invocation-ended`: the Lambda invocation is over',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire({ context: locks.invocation(5) });
      await locks.time.advance(6);
      held.assertHeld();
    },
  },
  {
    when: '`released`: you have released the lock',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      await held.release();
      held.assertHeld();
    },
  },
  {
    when: '`handed-over`: you have handed the lock over',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      await held.serialize();
      held.assertHeld();
    },
  },
  {
    when: '`stale-hand-over`: the hand-over token was used before, or is used too late',
    provoke: async (locks) => {
      const text = await (await locks.simulate.heldByOther('account/42')).serialize();
      await locks.deserializeLock(text);
      await locks.deserializeLock(text);
    },
  },
  {
    when: '`assertHeld` asks for more time than is certain',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      held.assertHeld({ forSeconds: 60 });
    },
  },
];

const attempted =
  (prepare: (locks: VirtualTestLocks) => unknown) =>
  async (locks: VirtualTestLocks): Promise<void> => {
    await prepare(locks);
    await locks.break('account/42', { reason: 'stuck since noon' });
  };

/** Not broken: it has changed, or there is nothing to break. */
export const NOT_BROKEN: readonly Provocation[] = [
  { when: 'nobody holds the lock', provoke: attempted(() => {}) },
  {
    when: 'the lock is free, and its entry keeps a fencing token',
    provoke: attempted((locks) => locks.withLock('account/42', { fencing: true }, work)),
  },
  {
    when: 'the lease of the lock is over',
    provoke: attempted(async (locks) => {
      (await locks.simulate.heldByOther('account/42')).crash();
      await locks.time.advance(30);
    }),
  },
  {
    when: 'the lock was broken before',
    provoke: attempted(async (locks) => {
      await locks.simulate.heldByOther('account/42');
      await locks.break('account/42', { reason: 'stuck since noon' });
    }),
  },
  {
    when: 'the lock stays taken after its release',
    provoke: attempted((locks) => locks.withLock('account/42', { lockAtLeastSeconds: 60 }, work)),
  },
  {
    when: 'the lock has another holder since you inspected it',
    provoke: async (locks) => {
      const other = await locks.simulate.heldByOther('account/42');
      const { version } = (await locks.inspect('account/42')) ?? {};
      await other.release();
      await locks.simulate.heldByOther('account/42');
      await locks.break('account/42', { reason: 'stuck since noon', version });
    },
  },
  {
    when: 'the holder has refreshed the lock since you inspected it',
    provoke: async (locks) => {
      await locks.simulate.heldByOther('account/42');
      const { version } = (await locks.inspect('account/42')) ?? {};
      await locks.time.advance(6);
      await locks.break('account/42', { reason: 'stuck since noon', version });
    },
  },
  {
    when: 'the lock was released since you inspected it',
    provoke: async (locks) => {
      const other = await locks.simulate.heldByOther('account/42');
      const { version } = (await locks.inspect('account/42')) ?? {};
      await other.release();
      await locks.break('account/42', { reason: 'stuck since noon', version });
    },
  },
];

/** Asked for what one has. */
export const REENTRANCY: readonly Provocation[] = [
  {
    when: 'code inside `withLock` wants the same lock',
    provoke: (locks) => locks.withLock('account/42', () => locks.withLock('account/42', work)),
  },
  {
    when: 'code inside `withPermit` wants another permit',
    provoke: (locks) => {
      const api = locks.createSemaphore('api', { permits: 3 });
      return api.withPermit(() => api.withPermit(work));
    },
  },
];

/** Not a loss: an invocation comes to its end. */
export const INVOCATION_ENDING: readonly Provocation[] = [
  {
    when: 'only `releaseReserveSeconds` are left of the invocation',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire({ context: locks.invocation(5) });
      await locks.time.advance(4.8);
      reasonOf(held.signal);
    },
  },
];

const text = (lock: unknown): string => JSON.stringify(lock);
const LOCK = { __version: 'Lock.1', name: 'account/42' };
// Spelt as lynk spells it.
const TECHNIQUE = { __version: 'VersionLeaseTechinque.1' };

/** No hand-over token. */
export const CANNOT_DESERIALIZE: readonly Provocation[] = [
  {
    when: 'the hand-over token is not a string',
    provoke: (locks) => locks.deserializeLock(wrong(undefined)),
  },
  {
    when: 'the hand-over token is not JSON',
    provoke: (locks) => locks.deserializeLock('account/42'),
  },
  {
    when: 'the hand-over token is JSON, but not an object',
    provoke: (locks) => locks.deserializeLock('[]'),
  },
  {
    when: 'the hand-over token has another format',
    provoke: (locks) => locks.deserializeLock(text({ __version: 'Lock.2' })),
  },
  {
    when: 'the name of the lock in it is not allowed',
    provoke: (locks) => locks.deserializeLock(text({ __version: 'Lock.1', name: 'x'.repeat(3000) })),
  },
  {
    when: 'the version in it is longer than any client writes',
    provoke: (locks) =>
      locks.deserializeLock(
        text({
          ...LOCK,
          technique: text({ __version: 'VersionLeaseTechinque.1', versions: { 'account/42': 'x'.repeat(300) } }),
        }),
      ),
  },
  {
    when: 'the name of the lock is missing in it',
    provoke: (locks) => locks.deserializeLock(text({ __version: 'Lock.1' })),
  },
  {
    when: 'the technique is missing in it',
    provoke: (locks) => locks.deserializeLock(text(LOCK)),
  },
  {
    when: 'the technique in it has another format',
    provoke: (locks) => locks.deserializeLock(text({ ...LOCK, technique: text({ __version: 'Other.1' }) })),
  },
  {
    when: 'the lock was not held when it was serialized',
    provoke: (locks) => locks.deserializeLock(text({ ...LOCK, technique: text(TECHNIQUE) })),
  },
];

const failed = (error: Error) => (): never => {
  throw classifyFailure(error, { lockName: 'account/42', tableName: 'my-locks', action: 'dynamodb:UpdateItem' });
};

const refused =
  (name: string, message: string, action = 'dynamodb:UpdateItem') =>
  (): never => {
    const request = { lockName: 'account/42', tableName: 'my-locks', action };
    throw classifyFailure(
      Object.assign(new Error(message), {
        name,
        $fault: 'client',
        $metadata: { httpStatusCode: 400 },
      }),
      request,
    );
  };

/** What the light client finds wrong in this environment. */
const unusable =
  (environment: Readonly<Record<string, string>>, find: () => Promise<unknown>) => async (): Promise<void> => {
    const before = { ...process.env };
    for (const name of Object.keys(before)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, environment);
    try {
      await find();
    } catch (error) {
      failed(error as Error)();
    } finally {
      process.env = before;
    }
  };

/** The table cannot be used: what DynamoDB and the SDK refuse. */
export const TABLE: readonly Provocation[] = [
  {
    when: 'there is no such table',
    provoke: refused('ResourceNotFoundException', 'Requested resource not found'),
  },
  {
    when: 'a permission is missing',
    provoke: refused('AccessDeniedException', 'User: billing is not authorized to perform: dynamodb:UpdateItem'),
  },
  {
    when: 'a permission to list is missing',
    provoke: refused(
      'AccessDeniedException',
      'User: on-call is not authorized to perform: dynamodb:Scan',
      'dynamodb:Scan',
    ),
  },
  {
    when: 'a policy denies the request, so that no grant helps',
    provoke: refused(
      'AccessDeniedException',
      'User: billing is not authorized to perform: dynamodb:UpdateItem with an explicit deny in a VPC endpoint policy',
    ),
  },
  {
    when: 'a policy other than the caller’s does not allow the request',
    provoke: refused(
      'AccessDeniedException',
      'User: billing is not authorized to perform: dynamodb:UpdateItem because no service control policy allows the dynamodb:UpdateItem action',
    ),
  },
  {
    when: 'the KMS key of the table may not be used',
    provoke: refused('AccessDeniedException', 'User: billing is not authorized to perform: kms:Decrypt'),
  },
  {
    when: 'the certificate of an endpoint is not trusted',
    provoke: failed(
      Object.assign(new Error('self-signed certificate in certificate chain'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }),
    ),
  },
  {
    when: 'an endpoint begins with https://, but its server does not speak TLS',
    provoke: failed(Object.assign(new Error('wrong version number'), { code: 'EPROTO' })),
  },
  {
    when: 'an endpoint has no http://',
    provoke: failed(Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: '127.0.0.1:8000' })),
  },
  {
    when: 'the client that you passed cannot be used',
    provoke: failed(new TypeError("Cannot read properties of undefined (reading 'output')")),
  },
  {
    when: 'there are no credentials',
    provoke: refused('CredentialsProviderError', 'Could not load credentials from any providers'),
  },
  {
    when: 'there is no region',
    provoke: refused('Error', 'Region is missing'),
  },
  {
    when: 'the table has another key',
    provoke: refused('ValidationException', 'The provided key element does not match the schema'),
  },
  {
    when: 'a scan shows another key',
    provoke: () => {
      throw noLockTable({ lockName: undefined, tableName: 'my-locks' });
    },
  },
  {
    when: 'DynamoDB refuses for another reason',
    provoke: refused('KMSKeyDisabledException', 'The key is disabled'),
  },
  {
    when: '`cdk-lynk/runtime/light` finds no credentials',
    provoke: unusable({}, () => credentialsOfEnvironment()()),
  },
  {
    when: '`cdk-lynk/runtime/light` finds no region',
    provoke: unusable({}, async () => endpointIn(process.env)),
  },
  {
    when: '`cdk-lynk/runtime/light` finds both your own endpoint and a setting for FIPS or dual-stack',
    provoke: unusable(
      { AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: 'http://localhost:8000', AWS_USE_FIPS_ENDPOINT: 'true' },
      async () => endpointIn(process.env),
    ),
  },
  {
    when: 'the credentials endpoint of a container is on a host that is not allowed',
    provoke: unusable({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://example.com/' }, () =>
      credentialsOfEnvironment()(),
    ),
  },
];

/** What stands there is no entry of a lock. */
export const ENTRY: readonly Provocation[] = [
  {
    when: 'an attribute is missing',
    provoke: () => entryFromItem({ lockKey: { S: 'account/42' } }, { lockName: 'account/42', tableName: 'my-locks' }),
  },
  {
    when: 'an attribute is of another type',
    provoke: () =>
      entryFromItem(
        { lockKey: { S: 'account/42' }, leaseDuration: { S: '10' } },
        { lockName: 'account/42', tableName: 'my-locks' },
      ),
  },
  {
    when: 'a fencing token is not a whole number (this is noticed only after it was overwritten)',
    provoke: () => {
      const reply = { dateMs: undefined, output: { Attributes: { fencingToken: { N: '1.5' } } } };
      const store = new DynamoDBHoldStore('my-locks', { send: async () => reply, place: async () => [] });
      const entry = { lockKey: 'account/42', leaseSeconds: 10, version: 'v', hostIdentifier: 'h', expiresAtSeconds: 0 };
      return store.acquire({ ...entry, fencingToken: 7n }, undefined, new AbortController().signal);
    },
  },
];

/** Of which nothing else can be said. */
export const OTHER: readonly Provocation[] = [
  {
    when: '`refresh` or `serialize` is called while a `serialize` is running',
    provoke: async (locks) => {
      const held = await locks.createLock('account/42').acquire();
      await Promise.all([held.serialize(), held.refresh()]);
    },
  },
];
