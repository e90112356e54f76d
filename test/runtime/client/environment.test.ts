import { hostname } from 'node:os';
import fc from 'fast-check';
import { defaultHostIdentifier, defaultsOfEnvironment } from '../../../runtime/client/environment.js';
import { getLockFactory, LockOptionError } from '../../../runtime/index.js';

const VARIABLES = ['LYNK_LEASE_SECONDS', 'LYNK_WAIT_SECONDS', 'LYNK_CLOCK_TOLERANCE_SECONDS'] as const;

beforeEach(() => {
  for (const variable of ['LYNK_TABLE_NAME', ...VARIABLES]) delete process.env[variable];
});
afterAll(() => {
  for (const variable of ['LYNK_TABLE_NAME', ...VARIABLES]) delete process.env[variable];
});

test('what the construct gives a function becomes its defaults', () => {
  process.env['LYNK_LEASE_SECONDS'] = '20';
  process.env['LYNK_WAIT_SECONDS'] = '1.5';
  process.env['LYNK_CLOCK_TOLERANCE_SECONDS'] = 'Infinity';

  expect(defaultsOfEnvironment()).toEqual({
    leaseSeconds: 20,
    waitSeconds: 1.5,
    clockToleranceSeconds: Infinity,
  });
});

test('unset and empty variables leave the client’s own defaults', () => {
  process.env['LYNK_WAIT_SECONDS'] = '';
  expect(defaultsOfEnvironment()).toEqual({});
});

test.each(VARIABLES)('%s that cannot be used is refused by name and value', (variable) => {
  process.env['LYNK_TABLE_NAME'] = 'locks';
  process.env[variable] = 'soon';

  expect(() => getLockFactory()).toThrow(LockOptionError);
  expect(() => getLockFactory()).toThrow(`the environment variable ${variable} is "soon"`);
  // They are the defaults of that table's locks, not of another's.
  expect(() => getLockFactory('other-locks')).not.toThrow();
});

test('any value is a number that the options take, or a LockOptionError', () => {
  fc.assert(
    fc.property(fc.constantFrom(...VARIABLES), fc.oneof(fc.string(), fc.double().map(String)), (variable, text) => {
      fc.pre(!text.includes('\0'));
      process.env[variable] = text;
      try {
        defaultsOfEnvironment();
      } catch (error) {
        expect(error).toBeInstanceOf(LockOptionError);
      }
      delete process.env[variable];
    }),
  );
});

test('an option of the code goes before the environment', async () => {
  process.env['LYNK_TABLE_NAME'] = 'locks';
  process.env['LYNK_CLOCK_TOLERANCE_SECONDS'] = '2';
  process.env['LYNK_WAIT_SECONDS'] = '0';
  const factory = getLockFactory(undefined, { waitSeconds: undefined, leaseSeconds: 3 });

  expect(factory).toMatchObject({ leaseSeconds: 3, waitSeconds: 0, settings: { clockToleranceSeconds: 2 } });
});

describe('the host identifier', () => {
  const LAMBDA = ['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME'];
  const before = Object.fromEntries(LAMBDA.map((name) => [name, process.env[name]]));
  afterEach(() => {
    for (const name of LAMBDA) {
      delete process.env[name];
      if (before[name] !== undefined) process.env[name] = before[name];
    }
  });

  test('is function, log stream and request in Lambda', () => {
    process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'billing';
    process.env['AWS_LAMBDA_LOG_STREAM_NAME'] = '2026/01/01/[$LATEST]abc';

    expect(defaultHostIdentifier('request-1')).toBe('billing/2026/01/01/[$LATEST]abc/request-1');
    expect(defaultHostIdentifier(undefined)).toBe('billing/2026/01/01/[$LATEST]abc/unknown');
  });

  test('is host and process elsewhere', () => {
    delete process.env['AWS_LAMBDA_FUNCTION_NAME'];

    expect(defaultHostIdentifier('request-1')).toBe(`${hostname()}/${process.pid}`);
  });
});
