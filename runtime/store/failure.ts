import { LockTableError } from '../errors.js';

/** What failed. */
export interface FailedRequest {
  readonly lockName: string | undefined;
  readonly tableName: string;
  /** The IAM action that the request needs, such as `dynamodb:UpdateItem`. */
  readonly action: string;
}

const CREDENTIALS = new Set([
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
]);

/** The table, or the account, is asked too much. */
const THROTTLED = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'RequestThrottledException',
  'ThrottlingException',
  'Throttling',
  'TooManyRequestsException',
]);

/** Client faults, by their status, that another attempt may yet get past. */
const PASSING = new Set([
  ...THROTTLED,
  'ReplicatedWriteConflictException',
  'TransactionConflictException',
  'TransactionInProgressException',
  'LimitExceededException',
  'RequestTimeout',
  'RequestTimeoutException',
  // The SDK corrects its clock by the answer, and signs the next attempt anew.
  'RequestExpired',
  'RequestTimeTooSkewed',
  'RequestInTheFuture',
]);

/**
 * What a rejected request means: a `LockTableError` that names the way out where every attempt would fail
 * alike, else the error as it is, for a failure in transit.
 */
export function classifyFailure(error: unknown, request: FailedRequest): unknown {
  const { name = '', message = '', status } = described(error);
  const permanent = (text: string): LockTableError =>
    new LockTableError(`table "${request.tableName}": ${text}`, { ...request, cause: error });

  if (name === 'ResourceNotFoundException') {
    return permanent(
      'there is no such table in this account and region; provision it with LynkLockTable, or check the name ' +
        '(LYNK_TABLE_NAME, or the argument of getLockFactory), the region and the endpoint',
    );
  }
  if (name === 'AccessDeniedException' || name === 'AccessDenied') {
    return permanent(
      `permission ${request.action} is missing; grant it with ${grantOf(request.action)} of LynkLockTable ` +
        `(DynamoDB says: ${message})`,
    );
  }
  if (CREDENTIALS.has(name)) {
    return permanent(
      `no valid AWS credentials; set them as for any AWS SDK client, or pass a client of your own (${message})`,
    );
  }
  if (/region is missing/i.test(message)) {
    return permanent('the AWS region is not set; set AWS_REGION, or pass a client of your own');
  }
  if (name === 'ValidationException' && /key element|schema|required keys/i.test(message)) {
    return noLockTable(request, message, error);
  }
  const isRefusal = status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;
  if (isRefusal && !PASSING.has(name)) return permanent(`DynamoDB refuses ${request.action}: ${name}: ${message}`);
  return error;
}

/** Whether a request failed because there are too many of them. */
export function isThrottling(error: unknown): boolean {
  return THROTTLED.has(described(error).name ?? '');
}

/** The table's items have another key than locks have. */
export function noLockTable(
  details: Pick<FailedRequest, 'lockName' | 'tableName'>,
  message = 'by the key that a scan ended with',
  cause?: unknown,
): LockTableError {
  return new LockTableError(
    `table "${details.tableName}": it is no lock table: its key has to be the partition key "lockKey", a string, ` +
      `and no sort key (${message})`,
    { ...details, cause },
  );
}

/** What of the construct grants an action to a client. */
function grantOf(action: string): string {
  return action === 'dynamodb:Scan' ? 'grantInspect(…), without names,' : 'grantLock(…)';
}

function described(error: unknown): { name?: string; message?: string; status?: number | undefined } {
  if (!(error instanceof Error)) return {};
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number } };
  return { name: error.name, message: error.message, status: $metadata?.httpStatusCode };
}
