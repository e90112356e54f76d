import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CLIENT_LEASE_SECONDS } from '../../lib/client-defaults.js';
import { LynkLockTable } from '../../lib/index.js';
import {
  BREAK_PERMISSIONS,
  INSPECT_PERMISSIONS,
  LIST_PERMISSIONS,
  LOCK_PERMISSIONS,
  type Permission,
} from '../../lib/permissions.js';
import { getLockFactory } from '../../runtime/index.js';
import { recordCalls, type SentRequest } from './client-calls.js';
import { newStack, statementsIn } from './stack.js';

let sent: SentRequest[];

beforeAll(async () => {
  sent = await recordCalls();
});

const GRANTS: readonly (readonly [string, readonly Permission[]])[] = [
  ['grantLock', LOCK_PERMISSIONS],
  ['grantInspect', [...INSPECT_PERMISSIONS, ...LIST_PERMISSIONS]],
  ['grantBreak', BREAK_PERMISSIONS],
];
const callsOf = (permissions: readonly Permission[]) => permissions.flatMap(({ calls }) => calls);

test.each(GRANTS)(
  'the client’s calls send nothing that %s does not allow, and use all that it allows',
  (_, granted) => {
    const pairsGranted = granted.flatMap(({ action, calls }) => calls.map((call) => `${action} for ${call}`));
    const pairsSent = sent
      .filter(({ call }) => callsOf(granted).includes(call))
      .map(({ action, call }) => `${action} for ${call}`);
    expect(new Set(pairsSent)).toEqual(new Set(pairsGranted));
  },
);

test('every call that sends requests is in a grant', () => {
  const calls = new Set(sent.map(({ call }) => call));
  expect(calls).toEqual(new Set(GRANTS.flatMap(([, permissions]) => callsOf(permissions))));
});

test('and the grant has exactly these actions', () => {
  const stack = newStack();
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  new LynkLockTable(stack, 'Locks').grantLock(role);
  const [statement] = statementsIn(stack);
  const locking = sent.filter(({ call }) => callsOf(LOCK_PERMISSIONS).includes(call));
  expect(new Set(statement?.Action)).toEqual(new Set(locking.map(({ action }) => action)));
});

test('every request but a scan names its lock, so a grant can be limited to names', () => {
  expect(sent.length).toBeGreaterThan(10);
  const nameless = sent.filter(({ lockNames }) => lockNames.length === 0 || lockNames.includes(undefined));
  expect(new Set(nameless.map(({ action }) => action))).toEqual(new Set(['dynamodb:Scan']));
});

test('a semaphore is granted by name#*: its requests are about no other key', () => {
  const names = sent.filter(({ call }) => call.startsWith('semaphore')).flatMap(({ lockNames }) => lockNames);
  expect(new Set(names)).toEqual(new Set(['semaphore#0', 'semaphore#1', 'semaphore#2']));
});

test('the lease that connect assumes is the client’s', async () => {
  const factory = getLockFactory('any-table') as unknown as { readonly leaseSeconds: number };
  expect(factory.leaseSeconds).toBe(CLIENT_LEASE_SECONDS);
});
