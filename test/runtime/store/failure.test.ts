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
import { classifyFailure, isThrottling, noLockTable } from '../../../runtime/store/failure.js';

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

  test.each([
    'CredentialsProviderError',
    'TokenProviderError',
    'UnrecognizedClientException',
    'InvalidClientTokenId',
    'InvalidSignatureException',
    'IncompleteSignatureException',
    'MissingAuthenticationTokenException',
    'MissingAuthenticationToken',
    'ExpiredTokenException',
    'ExpiredToken',
  ])('%s, whatever its status, is about credentials', (name) => {
    for (const error of [refusal(name, 'because', 403), named(name)]) {
      expect(String(classifyFailure(error, request))).toMatch(/no valid AWS credentials.*client of your own.*because/);
    }
  });

  test.each(['AccessDeniedException', 'AccessDenied'])('%s is about a permission, and quotes DynamoDB', (name) => {
    expect(String(classifyFailure(refusal(name, 'not yours'), request))).toMatch(
      /permission .*DynamoDB says: not yours/,
    );
  });

  test('a permission that is missing names the grant that gives it', () => {
    const deniedTo = (action: string) =>
      String(classifyFailure(refusal('AccessDeniedException'), { ...request, action }));

    expect(deniedTo('dynamodb:UpdateItem')).toContain('grant it with grantLock(…) of LynkLockTable');
    expect(deniedTo('dynamodb:Scan')).toContain('grant it with grantInspect(…), without names, of LynkLockTable');
  });

  test('a scan that shows another key says so', () => {
    expect(noLockTable({ lockName: undefined, tableName: 'locks' })).toMatchObject({
      name: 'LockTableError',
      message: expect.stringMatching(/^table "locks": it is no lock table: .*\(by the key that a scan ended with\)$/),
      tableName: 'locks',
    });
  });

  test.each([
    'The provided key element does not match the schema',
    'The number of conditions on the keys is invalid: Schema',
    'One of the required keys was not given a value',
    'Key element',
  ])('a table is no lock table where DynamoDB says: %s', (message) => {
    expect(String(classifyFailure(refusal('ValidationException', message), request))).toContain(
      `no sort key (${message})`,
    );
    // The words alone do not tell.
    expect(String(classifyFailure(refusal('WhateverException', message), request))).toContain(
      `refuses dynamodb:UpdateItem: WhateverException: ${message}`,
    );
    expect(classifyFailure(named('ValidationException'), request)).not.toBeInstanceOf(LockTableError);
  });

  test.each([400, 403, 499])('a status of %i is, where nobody knows better', (status) => {
    expect(classifyFailure(refusal('WhateverException', 'no', status), request)).toBeInstanceOf(LockTableError);
  });
});

const THROTTLING = [
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottledException',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
];

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

  test.each([
    ...THROTTLING,
    'ReplicatedWriteConflictException',
    'TransactionConflictException',
    'TransactionInProgressException',
    'LimitExceededException',
    'RequestTimeout',
    'RequestTimeoutException',
    'RequestExpired',
    'RequestTimeTooSkewed',
    'RequestInTheFuture',
  ])('%s, though it is refused as the client’s fault', (name) => {
    const error = refusal(name);

    expect(classifyFailure(error, request)).toBe(error);
  });

  test.each([200, 399, 500, 503])('a status of %i', (status) => {
    const error = refusal('WhateverException', 'later', status);

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
  for (const name of THROTTLING) expect(isThrottling(named(name))).toBe(true);
  expect(isThrottling(new InternalServerError(known))).toBe(false);
  expect(isThrottling(new TransactionConflictException(known))).toBe(false);
  expect(isThrottling(undefined)).toBe(false);
});
