import type { Logger } from '../../../runtime/observe/logger.js';
import { errorOf, PYTHONS_VERSION, Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let lines: { level: string; message: string; details: Record<string, unknown> | undefined }[];
let logger: Required<Logger>;
beforeEach(() => {
  setting = new Setting();
  us = setting.process();
  lines = [];
  const write = (level: string) => (message: string, details?: Record<string, unknown>) =>
    void lines.push({ level, message, details });
  logger = { warn: write('warn'), info: write('info'), debug: write('debug') };
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const pass = (ms: number): Promise<void> => setting.time.run(setting.time.nowMs + ms);
const lock = () => us.factory({ logger }).createLock('a');
const texts = (...levels: string[]): string[] =>
  lines.filter(({ level }) => levels.includes(level)).map(({ level, message }) => `${level}: ${message}`);
const LOCK = 'lock "a" in table "locks"';

test('a lock that is taken and released gives two lines of information, which name it and its holder', async () => {
  const context = { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 60_000 };
  const held = await until(lock().acquire({ context }));
  await pass(1500);
  await until(held.release());

  expect(texts('info', 'warn')).toEqual([
    `info: ${LOCK} was acquired after 0.01 s`,
    `info: ${LOCK} was released after 1.5 s`,
  ]);
  const who = { lockName: 'a', tableName: 'locks', hostIdentifier: 'process-1/request-1', requestId: 'request-1' };
  expect(lines.map(({ details }) => details)).toEqual([
    { lockEvent: 'requested', ...who, leaseSeconds: 10 },
    { lockEvent: 'acquired', ...who, leaseSeconds: 10, waitSeconds: 0.01, attempts: 1 },
    { lockEvent: 'released', ...who, leaseSeconds: 10, heldSeconds: 1.5 },
  ]);
});

test('times are whole milliseconds, whatever the clock gives', async () => {
  const held = await until(lock().acquire());
  await pass(1234.5678);
  await until(held.release());
  await until(lock().acquire());
  setting.table.items.clear();
  await pass(6000.25);

  const times = lines.flatMap(({ details = {} }) =>
    Object.values(details).filter((value) => typeof value === 'number'),
  );
  expect(times).toContain(1.235);
  for (const time of times) expect(String(time)).toMatch(/^\d+(?:\.\d{1,3})?$/);
  expect(lines.at(-1)?.details).toMatchObject({ lockEvent: 'lost' });
});

test('the result of another caller, used instead of the lock, is logged', async () => {
  const factory = us.factory({ logger });
  const once = () => factory.singleFlight('a', { freshSeconds: 60 }, () => setting.time.sleep(1000));
  await until(Promise.all([once(), once()]));

  expect(texts('info')).toContainEqual(
    expect.stringMatching(
      /^info: lock "a" in table "locks" was not needed after 1\.\d+ s: another caller's result is used$/,
    ),
  );
});

test('a wait and a takeover say from whom', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 2 });
  await until(lock().acquire());

  expect(texts('info')).toEqual([
    `info: ${LOCK} is waited for: held by somebody (lease 2 s, about 2.3 s left unless refreshed)`,
    expect.stringMatching(/was taken over after 2\.\d+ s from somebody, which neither released nor refreshed it$/),
  ]);
  expect(lines.at(-1)?.details).toMatchObject({ takenOverFrom: 'somebody' });
});

test('not granted says held by whom, or why not', async () => {
  setting.putEntry('a', { version: PYTHONS_VERSION, leaseSeconds: 60 });
  await until(lock().tryAcquire());
  await until(errorOf(lock().acquire({ waitSeconds: 1 })));
  us.store.fate = () => 'reset';
  await until(errorOf(lock().tryAcquire()));

  const held = 'held by somebody \\(lease 60 s, about [\\d.]+ s left unless refreshed\\)';
  expect(texts('info').filter((text) => !text.includes('is waited for'))).toEqual([
    expect.stringMatching(`was not granted after 0.01 s: ${held}$`),
    expect.stringMatching(`was not granted within 1 s: ${held}$`),
    expect.stringMatching('could not be requested within 5 s: Error: connection reset$'),
  ]);
});

test('a refresh that came late is a warning, a failed one is for debugging', async () => {
  await until(lock().acquire());
  us.store.fate = () => 'reset';
  await pass(8500);
  us.store.fate = () => ({});
  await pass(1400);

  expect(texts('warn')).toEqual([
    expect.stringMatching(/was refreshed [34]\.\d+ s late: it would have been lost in [01]\.\d+ s$/),
  ]);
  expect(texts('debug')).toContain(`debug: ${LOCK} was not refreshed; it is tried again: Error: connection reset`);
});

test('a loss is a warning with its reason and what it was held for', async () => {
  await until(lock().acquire());
  setting.table.items.clear();
  await pass(6000);

  expect(texts('warn')).toEqual([`warn: ${LOCK} was lost: its entry was deleted from the table`]);
  expect(lines.at(-1)?.details).toMatchObject({ lockEvent: 'lost', reason: 'gone', heldSeconds: expect.any(Number) });
});

test('a hand-over is logged on both sides', async () => {
  const text = await until((await until(lock().acquire())).serialize());
  await until(us.factory({ logger }).deserializeLock(text));

  expect(texts('info').slice(1)).toEqual([
    expect.stringMatching('was handed over after 0.01 s$'),
    expect.stringMatching('was acquired after 0.01 s$'),
  ]);
});

test('a logger without `info` gets those lines for debugging', async () => {
  const { warn, debug } = logger;
  await until(us.factory({ logger: { warn, debug } }).withLock('a', () => 1));

  expect(lines.map(({ level }) => level)).toEqual(['debug', 'debug', 'debug']);
});

test('without a logger nothing is said of a lock that all goes well with', async () => {
  const methods = ['log', 'info', 'debug', 'warn', 'error'] as const;
  const printed = methods.map((method) => jest.spyOn(console, method).mockImplementation(() => {}));
  await until(us.factory({ logger: undefined }).withLock('a', () => 1));

  const calls = printed.map(({ mock }) => mock.calls.length);
  for (const spy of printed) spy.mockRestore();
  expect(calls).toEqual([0, 0, 0, 0, 0]);
});
