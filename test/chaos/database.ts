import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { freePort, startServer } from '../server/index.js';
import { Child } from './child.js';

export type DatabaseKind = 'embedded' | 'dynamodb-local';

/** A DynamoDB-compatible server that may crash and come back. */
export interface Database {
  readonly name: string;
  /** Host and port, which stay over a crash. */
  readonly address: string;
  /** Missing where the server keeps no data: a lock table that forgets its entries is not a lock table. */
  readonly crashing?: {
    /** Between two crashes, at least and at most. */
    readonly intervalMs: readonly [number, number];
    /** Kills it without notice, and resolves to what starts it again on the same data. */
    crash(): Promise<() => Promise<void>>;
  };
  stop(): Promise<void>;
}

/**
 * Both servers keep their data in SQLite files, where we start them ourselves; 200 of 200 acknowledged writes
 * were found after a SIGKILL of either. Where there is no embedded server for this machine, the one that
 * `startServer` finds takes its place, and is not crashed.
 */
export async function startDatabase(kind: DatabaseKind, folder: string): Promise<Database> {
  // DynamoDB Local takes seconds to come back, and more until it is warm again.
  if (kind === 'dynamodb-local') return startCrashable(kind, await dynamoDBLocalCommand(folder), [20_000, 40_000]);
  const command = embeddedCommand(folder);
  if (command) return startCrashable(kind, command, [8000, 20_000]);
  const { name, endpoint, stop } = await startServer('any');
  return { name, address: new URL(endpoint).host, stop };
}

type Command = readonly [file: string, ...args: string[]];

async function startCrashable(
  name: string,
  [file, ...args]: Command,
  intervalMs: readonly [number, number],
): Promise<Database> {
  const port = await freePort();
  const start = async (): Promise<Child> => {
    const child = new Child(file, [...args, String(port)], { stdio: 'ignore' });
    await child.answersAt(`http://127.0.0.1:${port}`);
    return child;
  };
  let child = await start();
  const kill = async (): Promise<void> => {
    child.signal('SIGKILL');
    await child.ended;
  };
  return {
    name,
    address: `127.0.0.1:${port}`,
    crashing: {
      intervalMs,
      crash: async () => {
        await kill();
        return async () => {
          child = await start();
        };
      },
    },
    stop: kill,
  };
}

function embeddedCommand(folder: string): Command | undefined {
  if (process.env['DYNAMODB_ENDPOINT']) return undefined;
  try {
    const found = createRequire(resolve('package.json')).resolve(
      `@dynoxide/${process.platform}-${process.arch}/package.json`,
    );
    return [join(found, '../dynoxide'), '--db-path', join(folder, 'embedded.db'), '--port'];
  } catch {
    return undefined;
  }
}

async function dynamoDBLocalCommand(folder: string): Promise<Command> {
  const installed = resolve('.cache/dynamodb-local');
  // The test server knows how to install it, and does so when it is first started.
  if (!existsSync(join(installed, 'complete'))) await (await startServer('dynamodb-local')).stop();
  const data = join(folder, 'dynamodb-local');
  mkdirSync(data);
  const main = 'software.amazon.dynamodb.services.local.main.ServerRunner';
  const options = ['-sharedDb', '-disableTelemetry', '-dbPath', data, '-port'];
  return ['java', '-cp', join(installed, 'lib/*'), main, ...options];
}
