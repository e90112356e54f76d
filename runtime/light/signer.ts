import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { createScope, getCanonicalHeaders, getSigningKey } from '@smithy/signature-v4';
import type { AwsCredentials } from './kept.js';
import type { HttpRequest } from './request.js';

const SERVICE = 'dynamodb';
const ALGORITHM = 'AWS4-HMAC-SHA256';

type Data = string | ArrayBuffer | ArrayBufferView;

/** In the form that `getSigningKey` takes: SHA-256, or with a secret its HMAC. */
class Sha256 {
  private readonly hash: Hash | Hmac;

  constructor(secret?: Data) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as Uint8Array);
  }

  update(data: Data): void {
    this.hash.update(data as Uint8Array);
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

/** Adds the headers of a signature, version 4. */
export async function sign(
  { method, path, headers, body }: HttpRequest,
  credentials: AwsCredentials,
  region: string,
  nowMs: number,
): Promise<void> {
  const longDate = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const shortDate = longDate.slice(0, 8);
  const bodyHash = sha256(body);
  headers['x-amz-date'] = longDate;
  headers['x-amz-content-sha256'] = bodyHash;
  if (credentials.sessionToken) headers['x-amz-security-token'] = credentials.sessionToken;
  const canonical = getCanonicalHeaders({ headers } as Parameters<typeof getCanonicalHeaders>[0]);
  // `getCanonicalHeaders` has sorted them.
  const names = Object.keys(canonical);
  const lines = names.map((name) => `${name}:${canonical[name]}\n`).join('');
  const signed = names.join(';');
  const request = [method, canonicalPath(path), '', lines, signed, bodyHash].join('\n');
  const scope = createScope(shortDate, region, SERVICE);
  const key = await getSigningKey(Sha256, credentials, shortDate, region, SERVICE);
  const signature = createHmac('sha256', key).update([ALGORITHM, longDate, scope, sha256(request)].join('\n'));
  headers['authorization'] =
    `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature.digest('hex')}`;
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The path of a URL is encoded once more. Only an endpoint behind a gateway has one. */
function canonicalPath(path: string): string {
  const more = (sign: string): string => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
  return path
    .replace(/\/+/g, '/')
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, more))
    .join('/');
}
