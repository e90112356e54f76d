import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { LockOptionError } from '../../../runtime/errors.js';
import { type LockPowertoolsOptions, lockPowertools } from '../../../runtime/powertools/index.js';
import { Setting, type TestProcess } from '../setting.js';

let setting: Setting;
let us: TestProcess;
let printed: Record<string, unknown>[];
let writing: jest.SpyInstance;
beforeEach(() => {
  process.env['POWERTOOLS_LOG_LEVEL'] = 'DEBUG';
  process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'on-demand';
  setting = new Setting();
  us = setting.process();
  printed = [];
  // Both write past `console`.
  writing = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed.push(JSON.parse(String(text)));
    return true;
  });
});
afterEach(() => {
  writing.mockRestore();
  delete process.env['POWERTOOLS_LOG_LEVEL'];
  delete process.env['AWS_LAMBDA_INITIALIZATION_TYPE'];
});

const until = <T>(promise: Promise<T>): Promise<T> => setting.time.until(promise);
const context = {
  awsRequestId: 'request-1',
  functionName: 'billing',
  functionVersion: '1',
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:billing',
  memoryLimitInMB: '128',
  getRemainingTimeInMillis: () => 30_000,
};
const logged = () => printed.filter((line) => 'lockEvent' in line);
const counted = () => printed.filter((line) => '_aws' in line);

test('Powertools’ Logger and Metrics fit as they are', async () => {
  const [logger, metrics] = [new Logger({ serviceName: 'billing' }), new Metrics({ namespace: 'mine' })];
  await until(us.factory({ logger, metrics }).withLock('a', () => 1));

  expect(logged().map(({ level, lockEvent }) => [level, lockEvent])).toEqual([
    ['DEBUG', 'requested'],
    ['INFO', 'acquired'],
    ['INFO', 'released'],
  ]);
  expect(logged()[1]).toMatchObject({ service: 'billing', lockName: 'a', tableName: 'locks', waitSeconds: 0.01 });
  expect(counted()[0]).toMatchObject({ TableName: 'locks', LockAcquired: 1 });
  expect(counted()[0]).toHaveProperty('_aws.CloudWatchMetrics.0.Dimensions', [['TableName']]);
  expect(counted()[0]).toHaveProperty('_aws.CloudWatchMetrics.0.Namespace', 'mine');
});

test('metrics get the construct’s namespace and dimension, and beside them what one searches by', async () => {
  const logger = new Logger({ serviceName: 'billing' });
  logger.addContext(context as never);
  logger.setCorrelationId('correlation-1');
  const factory = us.factory({ ...lockPowertools({ logger, serviceName: 'billing' }) });
  await until(factory.withLock('a', { context }, () => 1));

  expect(logged()[1]).toMatchObject({
    message: 'lock "a" in table "locks" was acquired after 0.01 s',
    function_request_id: 'request-1',
    correlation_id: 'correlation-1',
    cold_start: true,
    service: 'billing',
  });
  expect(counted().length).toBe(3);
  for (const line of counted()) {
    expect(line).toMatchObject({
      _aws: { CloudWatchMetrics: [{ Namespace: 'cdk-lynk', Dimensions: [['TableName']] }] },
      TableName: 'locks',
      service: 'billing',
      correlation_id: 'correlation-1',
      function_request_id: 'request-1',
      cold_start: 'true',
      lockName: 'a',
    });
  }
});

test('only the first invocation is a cold start', async () => {
  const factory = us.factory({ ...lockPowertools() });
  for (const awsRequestId of ['request-1', 'request-2']) {
    await until(factory.withLock('a', { context: { ...context, awsRequestId } }, () => 1));
  }

  expect(counted().map(({ cold_start }) => cold_start)).toEqual(['true', 'true', 'true', 'false', 'false', 'false']);
});

test('no invocation of a provisioned sandbox is', async () => {
  process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] = 'provisioned-concurrency';
  await until(us.factory({ ...lockPowertools() }).withLock('a', { context }, () => 1));

  expect(counted()[0]).toMatchObject({ cold_start: 'false' });
});

test('an unknown option is refused', () => {
  expect(() => lockPowertools({ namespace: 'mine' } as LockPowertoolsOptions)).toThrow(LockOptionError);
});
