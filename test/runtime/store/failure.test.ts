import {
  DynamoDBServiceException,
  InternalServerError,
  ProvisionedThroughputExceededException,
  ReplicatedWriteConflictException,
  RequestLimitExceeded,
  ResourceNotFoundException,
  TransactionConflictException,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { LockTableError } from '../../../runtime/errors.js';
import { classifyFailure, isThrottling } from '../../../runtime/store/failure.js';

const request = { lockName: 'nightly', tableName: 'locks', action: 'dynamodb:UpdateItem' };

const refusal = (name: string, message = 'because', httpStatusCode = 400): DynamoDBServiceException =>
  new DynamoDBServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });
const known = { message: 'because', $metadata: { httpStatusCode: 400 } };
const named = (name: string, message = 'because'): Error => Object.assign(new Error(message), { name });

describe('for good, with the way out:', () => {
  test.each<[string, Error, RegExp]>([
    ['no such table', new ResourceNotFoundException(known), /no such table.*LynkLockTable.*LYNK_TABLE_NAME.*region/],
    ['no permission', refusal('AccessDeniedException'), /permission dynamodb:UpdateItem is missing.*grantLock/],
    ['no credentials', named('CredentialsProviderError', 'Could not load'), /no valid AWS credentials.*Could not load/],
    ['credentials that nobody knows', refusal('UnrecognizedClientException'), /no valid AWS credentials/],
    ['credentials that ran out', refusal('ExpiredTokenException'), /no valid AWS credentials/],
    ['no region', new Error('Region is missing'), /AWS_REGION/],
    [
      'a table with another key',
      refusal('ValidationException', 'The provided key element does not match the schema'),
      /no lock table.*"lockKey"/,
    ],
    [
      'another refusal',
      refusal('ValidationException', 'Item size too large'),
      /refuses dynamodb:UpdateItem.*too large/,
    ],
  ])('%s', (_, error, wayOut) => {
    const outcome = classifyFailure(error, request);

    expect(outcome).toBeInstanceOf(LockTableError);
    expect(outcome).toMatchObject({ lockName: 'nightly', tableName: 'locks', cause: error });
    expect(String(outcome)).toMatch(wayOut);
    expect(String(outcome)).toContain('table "locks"');
  });
});

describe('in transit, to be tried again:', () => {
  test.each<[string, unknown]>([
    ['throttled', new ProvisionedThroughputExceededException(known)],
    ['throttled by the account', new RequestLimitExceeded(known)],
    ['throttled on the way', refusal('ThrottlingException')],
    ['too many requests', refusal('WhateverException', 'slow down', 429)],
    ['timed out on the way', refusal('WhateverException', 'timeout', 408)],
    ['in conflict with a transaction', new TransactionConflictException(known)],
    ['in conflict with a write elsewhere', new ReplicatedWriteConflictException(known)],
    ['signed by a clock that was off', refusal('RequestTimeTooSkewed', 'skewed', 403)],
    ['broken', new InternalServerError({ message: 'oh', $metadata: { httpStatusCode: 500 } })],
    ['unavailable', refusal('ServiceUnavailable', 'later', 503)],
    ['reset', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['without an answer in time', named('TimeoutError')],
    ['given up', named('AbortError')],
    ['no error at all', 'a text'],
    ['nothing', undefined],
  ])('%s', (_, error) => {
    expect(classifyFailure(error, request)).toBe(error);
  });
});

test('whatever was thrown, it is returned as it is, or as the cause of a LockTableError', () => {
  const thrown = fc.oneof(
    fc.anything(),
    fc.tuple(fc.string(), fc.string(), fc.nat(600)).map(([name, message, status]) => refusal(name, message, status)),
  );
  fc.assert(
    fc.property(thrown, (error) => {
      const outcome = classifyFailure(error, request);

      expect(Object.is(outcome, error) || (outcome instanceof LockTableError && outcome.cause === error)).toBe(true);
    }),
  );
});

test('too many requests are told from other failures', () => {
  expect(isThrottling(new ProvisionedThroughputExceededException(known))).toBe(true);
  expect(isThrottling(new RequestLimitExceeded(known))).toBe(true);
  expect(isThrottling(named('ThrottlingException'))).toBe(true);
  expect(isThrottling(new InternalServerError(known))).toBe(false);
  expect(isThrottling(new TransactionConflictException(known))).toBe(false);
  expect(isThrottling(undefined)).toBe(false);
});
