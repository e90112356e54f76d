import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { UnusableConnection } from '../store/connection.js';
import type { AwsCredentials } from './kept.js';

/** The endpoint is on the same machine. */
const LIMIT_MS = 1000;

/** ECS, EKS Pod Identity (IPv4, IPv6), and loopback, which Lambda's SnapStart uses. A token is sent to no other. */
const KNOWN_HOSTS = /^(?:169\.254\.170\.2|169\.254\.170\.23|\[fd00:ec2::23\]|localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Where the container's credentials are; undefined if there is no such endpoint. */
export function containerAddress(): string | undefined {
  const { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: relative, AWS_CONTAINER_CREDENTIALS_FULL_URI: full } = process.env;
  return relative ? `http://169.254.170.2${relative}` : full || undefined;
}

/**
 * Asks the container's endpoint for credentials.
 * @throws UnusableConnection if it may not be asked, or refuses
 * @throws any other error in transit
 */
export async function credentialsOfContainer(): Promise<AwsCredentials> {
  const url = new URL(containerAddress() ?? '');
  if (url.protocol !== 'https:' && !KNOWN_HOSTS.test(url.hostname)) {
    throw new UnusableConnection(
      `AWS_CONTAINER_CREDENTIALS_FULL_URI names ${url.host}; without https:// it has to be loopback, or the host of ECS or EKS`,
    );
  }
  const token = await tokenOfContainer();
  const handler = new NodeHttpHandler({
    connectionTimeout: LIMIT_MS,
    requestTimeout: LIMIT_MS,
    throwOnRequestTimeout: true,
    httpAgent: { keepAlive: false },
  });
  try {
    const { response } = await handler.handle({
      method: 'GET',
      protocol: url.protocol,
      hostname: url.hostname,
      ...(url.port && { port: Number(url.port) }),
      path: url.pathname + url.search,
      query: {},
      headers: { host: url.host, ...(token !== undefined && { authorization: token }) },
    } as object as Parameters<NodeHttpHandler['handle']>[0]);
    return credentialsIn(response.statusCode, await text(response.body));
  } finally {
    handler.destroy();
  }
}

/** A file is read anew each time: EKS renews its token. */
async function tokenOfContainer(): Promise<string | undefined> {
  const { AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file, AWS_CONTAINER_AUTHORIZATION_TOKEN: token } = process.env;
  return file ? await readFile(file, 'utf8') : token;
}

function credentialsIn(status: number, body: string): AwsCredentials {
  if (status === 200) {
    const { AccessKeyId, SecretAccessKey, Token, Expiration } = JSON.parse(body) as Record<string, string>;
    const expiration = new Date(Expiration ?? '');
    if (AccessKeyId && SecretAccessKey && Token && !Number.isNaN(expiration.getTime())) {
      return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token, expiration };
    }
  }
  const message = `no AWS credentials; their endpoint ${containerAddress()} answered ${status}`;
  if (status >= 200 && status < 500 && status !== 429) throw new UnusableConnection(message);
  throw Object.assign(new Error(message), { $metadata: { httpStatusCode: status } });
}
