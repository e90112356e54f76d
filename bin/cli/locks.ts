import type { LockFactory, Logger } from '../../runtime/index.js';
import { SDK_RANGE } from '../../runtime/protocol/peers.js';
import { TABLE_NAME_VARIABLE } from '../../runtime/protocol/wire.js';
import { type CommandLine, UsageError } from './command-line.js';
import { say, type Terminal } from './terminal.js';

/** Credentials in the environment, which would go before those of a profile. */
const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'];

/**
 * Puts profile, region and endpoint of the command line into the environment, where the client reads them. A command
 * that runs under a lock does not get them.
 */
export function settleConnection(line: CommandLine): void {
  const profile = line.text('profile');
  const region = line.text('region');
  const endpoint = line.text('endpoint-url');
  if (endpoint !== undefined && !URL.canParse(endpoint)) {
    throw new UsageError(`--endpoint-url is a URL such as http://localhost:8000, got "${endpoint}"`);
  }
  if (profile !== undefined) {
    for (const variable of CREDENTIALS) delete process.env[variable];
    process.env['AWS_PROFILE'] = profile;
  }
  if (region !== undefined) process.env['AWS_REGION'] = region;
  if (endpoint !== undefined) process.env['AWS_ENDPOINT_URL_DYNAMODB'] = endpoint;
}

/** The table's name, from the command line or else from the environment. */
export function tableNameOf(line: CommandLine): string {
  const table = line.text('table') ?? process.env[TABLE_NAME_VARIABLE];
  if (!table) throw new UsageError(`which table? Pass --table TABLE, or set ${TABLE_NAME_VARIABLE}`);
  return table;
}

/** The locks of the table. */
export async function locksOf(line: CommandLine, terminal: Terminal): Promise<LockFactory> {
  const table = tableNameOf(line);
  // Imported only here, as it loads the AWS SDK: help and usage errors do not need it.
  const { getLockFactory } = await withSdk(() => import('../../runtime/index.js'));
  const warn = (message: string): void => say(terminal, message);
  const logger: Logger = { warn, debug: () => {} };
  if (!line.flag('verbose')) return getLockFactory(table, { logger });
  const info: Logger['info'] = (message, details) => {
    // The error at the end says the same.
    if (details?.['lockEvent'] !== 'not-granted') warn(message);
  };
  return getLockFactory(table, { logger: { ...logger, info } });
}

const SDK = `@aws-sdk/client-dynamodb@${SDK_RANGE}`;

/** Loads what needs the AWS SDK, an optional peer of this package: Lambda functions have it. */
export async function withSdk<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes('@aws-sdk/')) throw error;
    throw new MissingPackageError(
      `the AWS SDK is not installed; run npm install "${SDK}", or without an installation ` +
        `npx -p cdk-lynk -p "${SDK}" cdk-lynk …`,
    );
  }
}

class MissingPackageError extends Error {
  override readonly name = 'MissingPackageError';
}
