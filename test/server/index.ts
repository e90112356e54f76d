import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A DynamoDB-compatible server on loopback. */
export interface TestServer {
  readonly name: string;
  readonly endpoint: string;
  /** Ends it, if it was started here. */
  stop(): Promise<void>;
}

/** Which server a test asks for. */
export type ServerKind = 'any' | 'dynamodb-local';

const DYNAMODB_LOCAL = { groupId: 'software.amazon.dynamodb', artifactId: 'DynamoDBLocal', version: '3.1.0' };

/**
 * Any: `DYNAMODB_ENDPOINT`, else the embedded one, else DynamoDB Local in a container. `dynamodb-local` is
 * the official one, fetched by Maven into the ignored folder `.cache` on first use.
 */
export async function startServer(kind: ServerKind = 'any'): Promise<TestServer> {
  if (kind === 'dynamodb-local') return startDynamoDBLocal();
  const given = process.env['DYNAMODB_ENDPOINT'];
  if (given) return { name: 'DYNAMODB_ENDPOINT', endpoint: given, stop: async () => {} };
  const port = await freePort();
  const embedded = embeddedServer();
  if (embedded) return started('embedded', port, spawn(embedded, ['--port', String(port)], { stdio: 'pipe' }));
  if (hasDocker()) {
    const publish = `127.0.0.1:${port}:8000`;
    const args = ['run', '--rm', '--init', '-p', publish, 'amazon/dynamodb-local'];
    return started('container', port, spawn('docker', args, { stdio: 'pipe' }));
  }
  throw new Error(
    'No DynamoDB-compatible server to run against. Either set DYNAMODB_ENDPOINT to the address of one, or ' +
      'install where the embedded one exists (@dynoxide/linux-x64, on Linux x64), or start Docker, for ' +
      '`docker run amazon/dynamodb-local`.',
  );
}

/** What an SDK client needs to reach a test server: any credentials and region will do. */
export function clientSettings(endpoint: string) {
  return { endpoint, region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
}

/** The same for a process of its own. */
export function clientEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address ? resolvePort(address.port) : reject(new Error())));
    });
  });
}

function embeddedServer(): string | undefined {
  try {
    const found = createRequire(resolve('package.json')).resolve(
      `@dynoxide/${process.platform}-${process.arch}/package.json`,
    );
    return join(dirname(found), 'dynoxide');
  } catch {
    return undefined;
  }
}

function hasDocker(): boolean {
  try {
    execFileSync('docker', ['info'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Fetches it where that has not been done. Not by two processes at once: they would write the same files. */
export function fetchDynamoDBLocal(): string {
  const folder = resolve('.cache/dynamodb-local');
  const jars = join(folder, 'lib');
  if (existsSync(join(folder, 'complete'))) return jars;
  const { groupId, artifactId, version } = DYNAMODB_LOCAL;
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'pom.xml'),
    `<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>server</artifactId>
    <version>1</version><dependencies><dependency><groupId>${groupId}</groupId>
    <artifactId>${artifactId}</artifactId><version>${version}</version></dependency></dependencies></project>`,
  );
  execFileSync('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`], { cwd: folder });
  writeFileSync(join(folder, 'complete'), '');
  return jars;
}

async function startDynamoDBLocal(): Promise<TestServer> {
  const jars = fetchDynamoDBLocal();
  const port = await freePort();
  const main = 'software.amazon.dynamodb.services.local.main.ServerRunner';
  const options = ['-inMemory', '-sharedDb', '-disableTelemetry', '-port', String(port)];
  const child = spawn('java', ['-cp', join(jars, '*'), main, ...options], { stdio: 'pipe' });
  return started('DynamoDB Local', port, child);
}

async function started(name: string, port: number, child: ChildProcess): Promise<TestServer> {
  const endpoint = `http://127.0.0.1:${port}`;
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output = (output + chunk).slice(-2000);
  });
  child.stderr?.on('data', (chunk) => {
    output = (output + chunk).slice(-2000);
  });
  const killAtExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const ended = new Promise<void>((resolveEnd) => {
    child.once('error', (error) => {
      output += error.message;
      resolveEnd();
    });
    child.once('exit', () => resolveEnd());
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
    process.off('exit', killAtExit);
  });

  const deadline = Date.now() + 60_000;
  while (!(await answers(endpoint))) {
    if (hasEnded || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`the server "${name}" did not start: ${output}`);
    }
    await sleep(20);
  }
  // Nothing that it may still say, and no handle of it, is to keep this process alive.
  child.unref();
  return {
    name,
    endpoint,
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 3000);
      await ended;
      clearTimeout(kill);
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(1000) });
    return true;
  } catch {
    return false;
  }
}
