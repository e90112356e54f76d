import { LockTableError } from '../../../runtime/errors.js';
import { emfMetrics } from '../../../runtime/lambda/emf.js';
import type { Fate } from '../scripted-store.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

interface EmfLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

let setting: Setting;
let us: TestProcess;
let lines: EmfLine[];
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  lines = [];
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const lock = () => {
  const metrics = emfMetrics({ write: (line) => void lines.push(JSON.parse(line)) });
  return us.factory({ metrics }).createLock('a');
};
/** Name, unit and value of each metric so far. */
const reported = (): unknown[] =>
  lines.map((line) => {
    const { Name = '', Unit } = line._aws.CloudWatchMetrics[0]?.Metrics[0] ?? {};
    return [Name, Unit, line[Name]];
  });

test('a lock that is taken and released', async () => {
  await until(lock().withLock(() => setting.time.sleep(2500)));

  expect(reported()).toEqual([
    ['LockAcquired', 'Count', 1],
    ['LockWaitTime', 'Seconds', 0.01],
    ['LockHeldTime', 'Seconds', 2.5],
  ]);
});

test('a lock that is not granted', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
  await until(errorOf(lock().acquire({ waitSeconds: 2 })));

  expect(reported()).toEqual([
    ['LockNotGranted', 'Count', 1],
    ['LockWaitTime', 'Seconds', 2],
  ]);
});

test.each<[string, Fate]>([
  ['out of reach', 'reset'],
  ['refuses', new LockTableError('no permission', { tableName: 'locks' })],
])('a lock whose table is %s is unavailable: nobody knows whether another holds it', async (_, fate) => {
  us.store.fate = () => fate;
  await until(errorOf(lock().acquire({ waitSeconds: 2 })));

  expect(reported()).toEqual([
    ['LockUnavailable', 'Count', 1],
    ['LockWaitTime', 'Seconds', expect.any(Number)],
  ]);
});

test('a lock that is taken over', async () => {
  setting.putEntry('a', { version: setting.versionDrawn(60_000) });
  await until(lock().acquire());

  expect(reported()).toContainEqual(['LockTakenOver', 'Count', 1]);
});

test('a lock that is lost is no longer held', async () => {
  const held = await until(lock().acquire());
  setting.table.items.clear();
  await pass(6000);
  await until(held.release());

  expect(reported().slice(2)).toEqual([
    ['LockLost', 'Count', 1],
    ['LockHeldTime', 'Seconds', expect.any(Number)],
  ]);
});

test('a table given by its ARN is reported by its name', async () => {
  const metrics = emfMetrics({ write: (line) => void lines.push(JSON.parse(line)) });
  Object.defineProperty(us.store, 'tableName', { value: 'arn:aws:dynamodb:eu-west-1:123456789012:table/locks' });
  await until(us.factory({ metrics }).withLock('a', () => 1));

  expect(lines[0]).toMatchObject({ TableName: 'locks' });
});

test('whose lock it was stands beside the metric, and does not make another metric of it', async () => {
  await until(lock().withLock(() => 1));

  expect(lines[0]).toMatchObject({ lockName: 'a', hostIdentifier: 'process-1', TableName: 'locks' });
  expect(lines[0]?._aws.CloudWatchMetrics[0]?.Dimensions).toEqual([['TableName']]);
  expect(Math.abs(Date.now() - (lines[0]?._aws.Timestamp ?? 0))).toBeLessThan(60_000);
});

test('it goes to standard output, past the console, a line each', () => {
  const written = jest.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const attempt = { lockName: 'a', tableName: 'locks', hostIdentifier: 'h', leaseSeconds: 10, requestId: undefined };
  emfMetrics().singleMetric(attempt).addMetric('LockLost', 'Count', 1);
  const texts = written.mock.calls.map(([text]) => String(text));
  written.mockRestore();

  expect(texts).toEqual([expect.stringMatching(/^\{"_aws":.*"LockLost":1\}\n$/)]);
});

test('an option that it does not know is refused', () => {
  expect(() => emfMetrics({ writes: () => {} } as never)).toThrow(
    'emfMetrics knows no option "writes"; it takes write',
  );
});
