import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CLIENT_LEASE_SECONDS } from '../../lib/client-defaults.js';
import { LynkLockTable } from '../../lib/index.js';
import { BREAK_PERMISSIONS, INSPECT_PERMISSIONS, LIST_PERMISSIONS, LOCK_PERMISSIONS } from '../../lib/perms.js';
import { getLockFactory } from '../../runtime/index.js';
import { recordCalls, type SentRequest } from './client-calls.js';
import { newStack, statementsIn } from './stack.js';

let sent: SentRequest[];

beforeAll(async () => {
  sent = await recordCalls();
});

/** Pairs of an action and a call. */
const pairsSent = () => new Set(sent.map(({ action, call }) => `${action} for ${call}`));
const pairsGranted = () =>
  new Set(LOCK_PERMISSIONS.flatMap(({ action, calls }) => calls.map((call) => `${action} for ${call}`)));

test('the client sends nothing that grantLock does not allow, and uses all that it allows', () => {
  expect(pairsSent()).toEqual(pairsGranted());
});

test('and the grant has exactly these actions', () => {
  const stack = newStack();
  const role = new Role(stack, 'Role', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
  new LynkLockTable(stack, 'Locks').grantLock(role);
  const [statement] = statementsIn(stack);
  expect(new Set(statement?.Action)).toEqual(new Set(sent.map(({ action }) => action)));
});

test('every request names its lock, so a grant can be limited to names', () => {
  expect(sent.length).toBeGreaterThan(10);
  expect(sent.filter(({ lockNames }) => lockNames.length === 0 || lockNames.includes(undefined))).toEqual([]);
});

test('a semaphore is granted by name#*: its requests are about no other key', () => {
  const names = sent.filter(({ call }) => call.startsWith('semaphore')).flatMap(({ lockNames }) => lockNames);
  expect(new Set(names)).toEqual(new Set(['semaphore#0', 'semaphore#1', 'semaphore#2']));
});

test('the client cannot inspect, list or break yet; once it can, its calls belong into the recording', () => {
  const planned = [...INSPECT_PERMISSIONS, ...LIST_PERMISSIONS, ...BREAK_PERMISSIONS].flatMap(({ calls }) => calls);
  const factory = getLockFactory('any-table');
  const places = [factory, factory.createLock('a')];
  const there = planned.filter((call) => places.some((place) => (call.split(' ')[0] ?? '') in place));
  expect(new Set(planned)).toEqual(new Set(['inspect', 'list', 'break', 'break by force']));
  expect(there).toEqual([]);
});

test('the lease that connect assumes is the client’s', async () => {
  const factory = getLockFactory('any-table') as unknown as { readonly leaseSeconds: number };
  expect(factory.leaseSeconds).toBe(CLIENT_LEASE_SECONDS);
});
