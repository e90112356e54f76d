import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundled, FOLDER } from '../bundle.js';

/** Git ignores it. */
const NPM = join(FOLDER, 'npm');
const PYTHON = join(FOLDER, 'python');
const JAVA = join(FOLDER, 'java');

/** The libraries, with the versions that are installed. */
export const VERSIONS = {
  deliveryhero: '2.0.0',
  tristans: '0.7.3',
  lynk: '0.3.1',
  'dynamo-dlm': '2.1.0',
  'python-dynamodb-lock': '0.9.1',
  java: '1.4.0',
} as const;
/** The clients that the libraries use. */
const AWS_SDK_3 = '3.1162.0';
/** Versions that they leave open are those of this day, so that each measurement uses the same ones. */
const NPM_DAY = '2026-11-09';
const AWS_SDK_2 = '2.1693.0';
const BOTO3 = '1.44.5';

/** The command that starts a worker of that language. Its assignment follows. */
export type Launch = readonly [program: string, ...args: readonly string[]];

/** The libraries for Node.js, by the package clients as they are configured, on first use. */
export async function installForNode(): Promise<Launch> {
  install(NPM, (making) => {
    writeFileSync(join(making, 'package.json'), '{ "private": true }\n');
    const packages = [
      `@deliveryhero/dynamodb-lock@${VERSIONS.deliveryhero}`,
      `@aws-sdk/client-dynamodb@${AWS_SDK_3}`,
      `@aws-sdk/lib-dynamodb@${AWS_SDK_3}`,
      `dynamodb-lock-client@${VERSIONS.tristans}`,
      `aws-sdk@${AWS_SDK_2}`,
    ];
    run(making, 'npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', `--before=${NPM_DAY}`, ...packages);
  });
  return [process.execPath, await bundled('bench/peers/node-worker.ts')];
}

export function installForPython(): Launch {
  install(PYTHON, (making) => {
    run(making, 'python3', '-m', 'venv', making);
    const packages = [
      `lynk==${VERSIONS.lynk}`,
      `dynamo-dlm==${VERSIONS['dynamo-dlm']}`,
      `python-dynamodb-lock==${VERSIONS['python-dynamodb-lock']}`,
      `boto3==${BOTO3}`,
    ];
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    run(making, join(making, 'bin', 'python'), ...pip, ...packages);
  });
  return [join(PYTHON, 'bin', 'python'), resolve('bench/peers/worker.py')];
}

export function installForJava(): Launch {
  install(JAVA, (making) => {
    const dependency = `<groupId>com.amazonaws</groupId><artifactId>dynamodb-lock-client</artifactId><version>${VERSIONS.java}</version>`;
    const project = '<modelVersion>4.0.0</modelVersion><groupId>bench</groupId><artifactId>peer</artifactId>';
    writeFileSync(
      join(making, 'pom.xml'),
      `<project>${project}<version>1</version><dependencies><dependency>${dependency}</dependency></dependencies></project>`,
    );
    run(making, 'mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib');
  });
  const [jars, classes] = [join(JAVA, 'lib', '*'), join(JAVA, 'classes')];
  run(JAVA, 'javac', '-cp', jars, '-d', classes, resolve('bench/peers/Worker.java'));
  return ['java', '-Xmx256m', '-cp', `${jars}:${classes}`, 'Worker'];
}

/** Installs into a folder once. A file in it, the mark, names the versions that it was made with. */
function install(folder: string, fill: (making: string) => void): void {
  const mark = join(folder, `made-with-${[...Object.values(VERSIONS), AWS_SDK_3, AWS_SDK_2, BOTO3].join('-')}`);
  if (existsSync(mark)) return;
  mkdirSync(FOLDER, { recursive: true });
  const making = mkdtempSync(join(FOLDER, 'making-'));
  try {
    fill(making);
    rmSync(folder, { recursive: true, force: true });
    renameSync(making, folder);
    writeFileSync(mark, '');
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

function run(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}
