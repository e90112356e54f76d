import { LockTableError } from '../errors.js';
import { SDK_RANGE } from '../protocol/peers.js';
import { type Unmet, UnusableConnection } from './connection.js';
import { endpointFault, isOfTransit } from './transit.js';

/** The request that failed. */
export interface FailedRequest {
  readonly lockName: string | undefined;
  readonly tableName: string;
  /** The IAM action that the request needs, such as `dynamodb:UpdateItem`. */
  readonly action: string;
}

// Matched by the beginning: most names exist with and without `Exception` at the end.
const CREDENTIALS =
  /ProviderError$|^(?:UnrecognizedClient|InvalidClientTokenId|(?:Invalid|Incomplete)Signature|MissingAuthenticationToken)/;
/** There are too many requests for the table or the account. */
const THROTTLED = /^(?:Request)?Throttl|^(?:ProvisionedThroughput|RequestLimit)Exceeded|^TooManyRequests/;
/**
 * Client faults, by their status, that another attempt may not meet: by then the provider may have new credentials, and
 * the SDK has corrected its clock by the answer, and signs the next attempt anew.
 */
const PASSING =
  /^(?:ReplicatedWriteConflict|Transaction(?:Conflict|InProgress)|LimitExceeded|Request(?:Time|Expired|InTheFuture)|ExpiredToken)/;

const UNMET = /^(?:ConditionalCheckFailed|TransactionCanceled)Exception$/;

/** The table is encrypted with a key of the customer. */
const KEY = /\bkms:[A-Z]|:kms:|KMS key|AWSKMS/;
/** IAM names the kind of policy, such as `identity-based policy`, `VPC endpoint policy`, `permissions boundary`. */
const POLICY = /(explicit deny|because no)(?: in an?)? ?([\w -]+?(?:policy|boundary))?/i;

const isPassing = (name: string): boolean => THROTTLED.test(name) || PASSING.test(name);

/**
 * What a rejected request means. Returns a `LockTableError` that names the way out if every attempt would fail in the
 * same way. Otherwise it is a failure in transit, and the error is returned as it is.
 */
export function classifyFailure(error: unknown, request: FailedRequest): unknown {
  const text = reasonAgainst(error, request);
  return text === undefined
    ? error
    : new LockTableError(`table "${request.tableName}": ${text}`, { ...request, cause: error });
}

/** Why no attempt can succeed, and what can be done; undefined if another attempt may succeed. */
function reasonAgainst(error: unknown, { action }: FailedRequest): string | undefined {
  if (error instanceof UnusableConnection) return error.message;
  const { name, message, status = 0, isRefusal } = described(error);
  const fault = endpointFault(error, message);
  if (fault !== undefined) return fault;
  if (/region is missing/i.test(message)) {
    return 'the AWS region is not set; set AWS_REGION, or pass a client of your own';
  }
  if (CREDENTIALS.test(name)) {
    // The next attempt signs anew, or finds the credentials that are missing now.
    if (/^Signature (?:expired|not yet)|time-?out|unable to connect/i.test(message)) return undefined;
    if (!isRefusal && isOfTransit(error)) return undefined;
    return `no valid AWS credentials; set them as for any AWS SDK client, or pass a client of your own (${message})`;
  }
  if (!isRefusal) {
    // An error without name or message says nothing.
    if (/^(?:$|AWS SDK error wrapper)/.test(name && message) || isPassing(name) || isOfTransit(error)) return undefined;
    return `the client cannot be used, for an AWS SDK other than @aws-sdk/client-dynamodb ${SDK_RANGE} (see npm ls), a mistake in a middleware, or a mock without an answer (${name}: ${message})`;
  }
  if (name === 'ResourceNotFoundException') {
    return (
      'there is no such table in this account and region; provision it with LynkLockTable, or check the name ' +
      '(LYNK_TABLE_NAME, or the argument of getLockFactory), the region and the endpoint'
    );
  }
  if (name === 'AccessDeniedException' || name === 'AccessDenied') return refusalOf(action, message);
  if (name === 'ValidationException' && /key element|schema|required keys/i.test(message)) {
    return noLockTableText(message);
  }
  if (status < 400 || status >= 500 || status === 408 || status === 429 || isPassing(name)) return undefined;
  return `DynamoDB refuses ${action}: ${name}: ${message}`;
}

/**
 * What a refused permission means, and the way out.
 * @param action the IAM action that the request needs
 * @param message by DynamoDB, or by the service that gives out credentials
 */
function refusalOf(action: string, message: string): string {
  const says = `(DynamoDB says: ${message})`;
  if (KEY.test(message)) {
    return `its KMS key may not be used; enable it, and allow kms:Decrypt by its policy and to the caller, as grantLock(…) does with encryptionKey ${says}`;
  }
  // The missing action may be another one, such as to assume a role.
  const needed = /to perform: ([\w-]+:\w+)/.exec(message)?.[1] ?? action;
  const [, how, policy = 'policy of caller, table, VPC endpoint or organization'] = POLICY.exec(message) ?? [];
  if (how && !(how.startsWith('b') && policy.startsWith('identity'))) {
    return `${needed} is denied by the ${policy}, which no grant to the caller overrides; change it ${says}`;
  }
  const grant = needed === 'dynamodb:Scan' ? 'grantInspect(…), without names,' : 'grantLock(…)';
  const wayOut = needed.startsWith('dynamodb:') ? `; grant it with ${grant} of LynkLockTable` : '';
  return `permission ${needed} is missing${wayOut} ${says}`;
}

/**
 * Whether the condition of a write failed, or a transaction was cancelled. Checks the name, not the class: another copy
 * of the SDK has classes of its own.
 */
export function isUnmet(error: unknown): error is Unmet {
  return UNMET.test(described(error).name);
}

/** Whether a request failed because there are too many requests. */
export function isThrottling(error: unknown): boolean {
  return THROTTLED.test(described(error).name);
}

/** The error for a table whose key is not that of a lock table. */
export function noLockTable(
  details: Pick<FailedRequest, 'lockName' | 'tableName'>,
  message = 'by the key that a scan ended with',
): LockTableError {
  return new LockTableError(`table "${details.tableName}": ${noLockTableText(message)}`, details);
}

function noLockTableText(message: string): string {
  return `it is not a lock table: its key has to be the partition key "lockKey", a string, and no sort key (${message})`;
}

interface Description {
  readonly name: string;
  readonly message: string;
  readonly status: number | undefined;
  /** Whether a service has refused the request, with a named exception. A middlebox's answer has no such name. */
  readonly isRefusal: boolean;
}

/** Reads properties, not the class: a test runner, for example, may load the SDK or Node a second time. */
function described(error: unknown): Description {
  const {
    name: named,
    message,
    $fault,
    $metadata,
  } = (error ?? {}) as {
    readonly name?: unknown;
    readonly message?: unknown;
    readonly $fault?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const name = typeof named === 'string' ? named : '';
  const isSaid = $fault === 'client' || $fault === 'server' || name.endsWith('Exception');
  const isRefusal = isSaid && !/^(?:Unknown(?:Error)?|\d*)$/.test(name);
  return { name, message: typeof message === 'string' ? message : '', status: $metadata?.httpStatusCode, isRefusal };
}
