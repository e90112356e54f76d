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
import { classifyFailure, isThrottling, isUnmet, noLockTable } from '../../../runtime/store/failure.js';

const request = { lockName: 'nightly', tableName: 'locks', action: 'dynamodb:UpdateItem' };

const refusal = (name: string, message = 'because', httpStatusCode = 400): DynamoDBServiceException =>
  new DynamoDBServiceException({ name, message, $fault: 'client', $metadata: { httpStatusCode } });
const coded = (message: string, code: string): Error => Object.assign(new Error(message), { code });
/** The SDK's error for an answer that it could not read. */
const unreadable = (status: number, error: Error = new SyntaxError("Unexpected token '<'")): Error =>
  Object.assign(error, { $metadata: { httpStatusCode: status, attempts: 1 } });
const known = { message: 'because', $metadata: { httpStatusCode: 400 } };
const named = (name: string, message = 'because'): Error => Object.assign(new Error(message), { name });

describe('permanent, with the way out:', () => {
  test.each<[string, Error, RegExp]>([
    ['no such table', new ResourceNotFoundException(known), /no such table.*LynkLockTable.*LYNK_TABLE_NAME.*region/],
    ['no permission', refusal('AccessDeniedException'), /permission dynamodb:UpdateItem is missing.*grantLock/],
    ['no credentials', named('CredentialsProviderError', 'Could not load'), /no valid AWS credentials.*Could not load/],
    ['credentials that nobody knows', refusal('UnrecognizedClientException'), /no valid AWS credentials/],
    ['no region', new Error('Region is missing'), /AWS_REGION/],
    ['credentials that are none', new Error('Resolved credential object is not valid'), /cannot be used.*credential/],
    [
      'a certificate that is not trusted',
      coded('self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
      /its certificate is not trusted; NODE_EXTRA_CA_CERTS .*\(DEPTH_ZERO_SELF_SIGNED_CERT: self-signed certificate\)/,
    ],
    [
      'TLS to a server without it',
      coded('write EPROTO 80:error:0A00010B:SSL routines:ssl3_get_record:wrong version number', 'EPROTO'),
      /endpoint does not speak TLS; begin it with http:/,
    ],
    [
      'an endpoint without http://',
      Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: '127.0.0.1:8000' }),
      /endpoint "127.0.0.1:8000" is not a URL; begin it with http:\/\/ or https:\/\//,
    ],
    [
      'a client of another generation of the SDK',
      new Error('serializerMiddleware is not found when adding endpointV2Middleware middleware'),
      /an AWS SDK other than @aws-sdk\/client-dynamodb \^3\.705\.0 \(see npm ls\).*serializerMiddleware/,
    ],
    [
      'a mistake in a middleware',
      Object.assign(new TypeError("reading 'x'"), { $metadata: { attempts: 1 } }),
      /a mistake in a middleware.*TypeError: reading 'x'/,
    ],
    ['a file that is missing', coded('open /token', 'ENOENT'), /cannot be used.*open .token/],
    [
      'a mistake in what reads a good answer',
      Object.assign(new TypeError("reading 'y'"), { $metadata: { httpStatusCode: 200 } }),
      /cannot be used/,
    ],
    [
      'a table with another key',
      refusal('ValidationException', 'The provided key element does not match the schema'),
      /not a lock table.*"lockKey"/,
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
  ])('%s is about credentials, with any status', (name) => {
    for (const error of [refusal(name, 'because', 403), named(name)]) {
      expect(String(classifyFailure(error, request))).toMatch(/no valid AWS credentials.*client of your own.*because/);
    }
  });

  test.each(['AccessDeniedException', 'AccessDenied'])('%s is about a permission, and quotes DynamoDB', (name) => {
    expect(String(classifyFailure(refusal(name, 'not yours'), request))).toMatch(
      /permission .*DynamoDB says: not yours/,
    );
  });

  test('a missing permission names the grant that gives it', () => {
    const deniedTo = (action: string) =>
      String(classifyFailure(refusal('AccessDeniedException'), { ...request, action }));

    expect(deniedTo('dynamodb:UpdateItem')).toContain('grant it with grantLock(…) of LynkLockTable');
    expect(deniedTo('dynamodb:Scan')).toContain('grant it with grantInspect(…), without names, of LynkLockTable');
  });

  test('a scan that ends with another key says so', () => {
    expect(noLockTable({ lockName: undefined, tableName: 'locks' })).toMatchObject({
      name: 'LockTableError',
      message: expect.stringMatching(
        /^table "locks": it is not a lock table: .*\(by the key that a scan ended with\)$/,
      ),
      tableName: 'locks',
    });
  });

  test.each([
    'The provided key element does not match the schema',
    'The number of conditions on the keys is invalid: Schema',
    'One of the required keys was not given a value',
    'Key element',
  ])('a table is not a lock table if DynamoDB says: %s', (message) => {
    expect(String(classifyFailure(refusal('ValidationException', message), request))).toContain(
      `no sort key (${message})`,
    );
    // The words alone are not enough.
    expect(String(classifyFailure(refusal('WhateverException', message), request))).toContain(
      `refuses dynamodb:UpdateItem: WhateverException: ${message}`,
    );
    expect(classifyFailure(named('ValidationException'), request)).not.toBeInstanceOf(LockTableError);
  });

  test.each([400, 403, 499])('a status of %i, of an unknown error', (status) => {
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

const CONNECTION_CODES = [
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EMFILE',
  'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_CONNECT_TIMEOUT',
];
const CERTIFICATE_CODES = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

test.each(CONNECTION_CODES)('a connection that failed with %s may succeed next time', (code) => {
  for (const error of [coded('', code), new Error('', { cause: coded('', code) })]) {
    expect(classifyFailure(error, request)).toBe(error);
  }
});

test.each(CERTIFICATE_CODES)('a certificate that is refused with %s will be refused again', (code) => {
  expect(String(classifyFailure(coded('no', code), request))).toMatch(/its certificate is not trusted/);
});

describe('a refused permission names what is missing:', () => {
  const USER = 'User: arn:aws:sts::1:assumed-role/kms-rotator/x is not authorized to perform: dynamodb:UpdateItem';
  const denied = (message: string) => String(classifyFailure(refusal('AccessDeniedException', message), request));
  const GRANT = /grant it with grantLock/;

  test.each([
    'a VPC endpoint policy',
    'a service control policy',
    'a resource control policy',
    'a permissions boundary',
    'a resource-based policy',
    'a session policy',
    'an identity-based policy',
  ])('an explicit deny in %s', (policy) => {
    const text = denied(
      `${USER} on resource: arn:aws:dynamodb:eu-west-1:1:table/locks with an explicit deny in ${policy}`,
    );

    expect(text).toContain(
      `dynamodb:UpdateItem is denied by the ${policy.replace(/^an? /, '')}, which no grant to the caller`,
    );
    expect(text).not.toMatch(GRANT);
  });

  test('an explicit deny by an unknown policy', () => {
    expect(denied(`${USER} with an explicit deny`)).toMatch(/denied by the policy of caller, table, VPC endpoint or/);
  });

  test.each(['VPC endpoint policy', 'service control policy', 'resource-based policy', 'permissions boundary'])(
    'no %s allows it',
    (policy) => {
      const text = denied(`${USER} on resource: x because no ${policy} allows the dynamodb:UpdateItem action`);

      expect(text).toContain(`is denied by the ${policy}, which no grant to the caller overrides; change it`);
      expect(text).not.toMatch(GRANT);
    },
  );

  test('no identity-based policy allows it: a grant helps', () => {
    expect(denied(`${USER} on resource: x because no identity-based policy allows the action`)).toMatch(GRANT);
    expect(denied(USER)).toMatch(GRANT);
  });

  test.each([
    'User: x is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/2',
    'KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers to a',
  ])('the key of the table: %s', (message) => {
    expect(denied(message)).toMatch(/its KMS key may not be used; .* kms:Decrypt.* encryptionKey/);
  });

  test('another action, which the credentials need', () => {
    const text = denied('User: x is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/r');

    expect(text).toContain('permission sts:AssumeRole is missing (');
  });
});

describe('in transit, to try again:', () => {
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
    ['reset in the middle of a refusal', unreadable(400, coded('aborted', 'ECONNRESET'))],
    ['reset in the middle of an answer', unreadable(200, coded('aborted', 'ECONNRESET'))],
    ["a middlebox's page in place of a refusal", unreadable(403)],
    ["a middlebox's page in place of an answer", unreadable(200)],
    ["a middlebox's page in place of another place", unreadable(302)],
    ['a refusal that nobody signed', refusal('Unknown', 'UnknownError', 403)],
    ['a refusal with only a status', refusal('413', 'UnknownError', 413)],
    ['a refusal that is no JSON object', unreadable(403, new TypeError("reading '__type'"))],
    ['no HTTP at all', coded('Parse Error: Expected HTTP/', 'HPE_INVALID_CONSTANT')],
    ['refused by every address', Object.assign(new AggregateError([coded('', 'ECONNREFUSED')]), {})],
    ['a connection that broke below', new TypeError('fetch failed', { cause: coded('closed', 'UND_ERR_SOCKET') })],
    ['credentials that ran out', refusal('ExpiredTokenException', 'is expired', 400)],
    [
      'credentials that are out of reach',
      Object.assign(named('CredentialsProviderError'), { cause: coded('', 'ETIMEDOUT') }),
    ],
    ['credentials that came too late', named('ProviderError', 'TimeoutError from instance metadata service')],
    ['signed long ago', refusal('InvalidSignatureException', 'Signature expired: 2 is now earlier than 3', 400)],
    ['signed ahead of time', refusal('InvalidSignatureException', 'Signature not yet current: 3 is still later', 400)],
    [
      'broken, as a mock without a status reports it',
      Object.assign(named('InternalServerError'), { $fault: 'server' }),
    ],
    ['no error at all', 'a text'],
    ['nothing', undefined],
    ['an error without a word', new Error()],
    ['an error whose message is no text', { name: 'Error', message: 7 }],
    ['an error without a name', { message: 'because' }],
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
  ])('%s, though its status says that the client is at fault', (name) => {
    const error = refusal(name);

    expect(classifyFailure(error, request)).toBe(error);
  });

  test.each([200, 399, 500, 503])('a status of %i', (status) => {
    const error = refusal('WhateverException', 'later', status);

    expect(classifyFailure(error, request)).toBe(error);
  });
});

describe('a name is matched by its beginning, or its end:', () => {
  test.each([
    'NoUnrecognizedClientException',
    'NotThrottlingException',
    'NoRequestLimitExceeded',
    'NotTooManyRequestsException',
    'NoTransactionConflictException',
  ])('%s is unknown', (name) => {
    expect(String(classifyFailure(refusal(name), request))).toContain(`refuses dynamodb:UpdateItem: ${name}: because`);
    expect(isThrottling(named(name))).toBe(false);
  });

  test('a name that only begins like a provider’s is unknown', () => {
    expect(String(classifyFailure(named('ProviderErrorOfOurs'), request))).toContain('the client cannot be used');
  });

  test('a signature is made anew if the message begins with what is wrong with it', () => {
    const error = refusal('InvalidSignatureException', 'it does not match. Signature expired is another matter');

    expect(String(classifyFailure(error, request))).toMatch(/no valid AWS credentials/);
  });
});

test('a failed condition and a cancelled transaction are recognized by name', () => {
  const [failed, cancelled] = ['ConditionalCheckFailedException', 'TransactionCanceledException'].map((name) =>
    named(name),
  );

  expect([failed, cancelled, known, undefined].map(isUnmet)).toEqual([true, true, false, false]);
});

test('any error is returned as it is, or as the cause of a LockTableError', () => {
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

test('too many requests are distinguished from other failures', () => {
  for (const name of THROTTLING) expect(isThrottling(named(name))).toBe(true);
  expect(isThrottling(new InternalServerError(known))).toBe(false);
  expect(isThrottling(new TransactionConflictException(known))).toBe(false);
  expect(isThrottling(undefined)).toBe(false);
});
