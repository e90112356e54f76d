import type { Output } from '../store/connection.js';
import { crc32 } from './crc32.js';
import { answerIn } from './json.js';

/** What has arrived for a request. */
export interface Arrived {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * The output in an answer of DynamoDB.
 * @throws the error in it, with the properties that the SDK's has: `name`, `message`, `$fault`, `$metadata` and its own
 */
export function outputIn({ status, headers, body }: Arrived): Output {
  const $metadata = { httpStatusCode: status, requestId: headers['x-amzn-requestid'] };
  const sum = headers['x-amz-crc32'];
  if (sum !== undefined && Number(sum) !== crc32(body)) {
    throw Object.assign(new Error('an answer that was damaged on its way'), {
      code: 'EBADMSG',
      $retryable: {},
      $metadata,
    });
  }
  let answer: Record<string, unknown>;
  try {
    answer = body.length === 0 ? {} : answerIn(Buffer.from(body.buffer, body.byteOffset, body.length).toString());
  } catch (error) {
    // A middlebox's, if the answer is to be a good one.
    throw Object.assign(error as Error, { $metadata, ...(status < 300 && { $retryable: {} }) });
  }
  if (status < 300) return answer;
  const { message, Message, ...members } = answer;
  throw Object.assign(new Error(String(message || Message || 'UnknownError')), {
    ...members,
    name: nameIn(answer['__type'] ?? answer['code'] ?? headers['x-amzn-errortype']),
    $fault: status < 500 ? 'client' : 'server',
    $metadata,
  });
}

/** In `com.amazonaws.dynamodb.v20120810#ThrottlingException:http://…`, the name is in the middle. */
function nameIn(type: unknown): string {
  const [, name = 'Unknown'] = /^(?:[^#]*#)?([^:,]+)/.exec(String(type ?? '')) ?? [];
  return name;
}
