import { checkedTrace, holderTraceText, traceLeftBy } from '../../../runtime/observe/holder-trace.js';
import { formatVersion, holdIdFrom } from '../../../runtime/protocol/version.js';
import { PYTHONS_VERSION } from '../setting.js';

const HOLD = holdIdFrom(new Uint8Array(10).fill(1));
const OTHER = holdIdFrom(new Uint8Array(10).fill(2));
const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const left = (version: string, holderTrace?: string) =>
  traceLeftBy({ version, leaseSeconds: 10, hostIdentifier: 'them', holderTrace });
const versionOf = (holdId: string, stampMs = 1): string => formatVersion({ stampMs, timed: true, holdId });

test('what a hold left is found under each of its versions', () => {
  expect(left(versionOf(HOLD), holderTraceText(HOLD, TRACE))).toBe(TRACE);
  expect(left(versionOf(HOLD, 99_999), holderTraceText(HOLD, TRACE))).toBe(TRACE);
});

test.each<[string, string, string | undefined]>([
  ['another hold of ours followed it', versionOf(OTHER), holderTraceText(HOLD, TRACE)],
  ['a Python client went on with it', PYTHONS_VERSION, holderTraceText(HOLD, TRACE)],
  ['nothing was left', versionOf(HOLD), undefined],
  ['what was left is empty', versionOf(HOLD), holderTraceText(HOLD, '')],
  ['what was left is too long', versionOf(HOLD), holderTraceText(HOLD, 'x'.repeat(129))],
  ['it is something else', versionOf(HOLD), TRACE],
])('nothing is found where %s', (_, version, holderTrace) => {
  expect(left(version, holderTrace)).toBeUndefined();
});

test.each([undefined, null, 7, '', 'x'.repeat(129), {}])('%p is left by nobody', (trace) => {
  expect(checkedTrace(trace)).toBeUndefined();
});
