import { hostname } from 'node:os';
import { defaultHostIdentifier } from '../../../runtime/client/environment.js';

const VARIABLES = ['AWS_LAMBDA_FUNCTION_NAME', 'AWS_LAMBDA_LOG_STREAM_NAME'];
const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
afterEach(() => {
  for (const name of VARIABLES) {
    delete process.env[name];
    if (before[name] !== undefined) process.env[name] = before[name];
  }
});

test('in Lambda a holder is found by its function, log stream and request', () => {
  process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'billing';
  process.env['AWS_LAMBDA_LOG_STREAM_NAME'] = '2026/01/01/[$LATEST]abc';

  expect(defaultHostIdentifier('request-1')).toBe('billing/2026/01/01/[$LATEST]abc/request-1');
  expect(defaultHostIdentifier(undefined)).toBe('billing/2026/01/01/[$LATEST]abc/unknown');
});

test('elsewhere by its host and process', () => {
  delete process.env['AWS_LAMBDA_FUNCTION_NAME'];

  expect(defaultHostIdentifier('request-1')).toBe(`${hostname()}/${process.pid}`);
});
