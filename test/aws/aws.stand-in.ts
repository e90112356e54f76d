import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { RUN_TAG } from './names.js';
import { ServiceClient } from './sdk.js';
import { Cloud } from './stand-ins/cloud.js';

/** The command as its first user will type it, from the deployment to the report, on stand-ins for AWS. */
const ACCOUNT = '123456789012';
let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud?.stop());

interface Ended {
  readonly code: number | null;
  readonly said: string;
}

/** @param seen is told all that it has said, whenever it says something */
function run(args: readonly string[], seen: (said: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/aws/main.ts', ...args], {
    env: { ...Object.fromEntries(inherited), ...cloud.environment, NODE_NO_WARNINGS: '1' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += String(chunk);
      seen(said, child);
    });
  }
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

const NOTHING = { tables: {}, environments: [], alarms: [], dashboards: [], groupTags: [] };

describe('it is refused, and nothing is made', () => {
  test.each([
    ['without an account', [], 'say which account it may use'],
    ['with what is no account', ['--account', 'mine'], 'a number of 12 digits'],
    ['with another account than that of the credentials', ['--account', '210987654321'], 'of another account'],
    ['so is cleaning in another account', ['--clean', '--account', '210987654321'], 'of another account'],
  ])('%s', async (_, args, why) => {
    expect(await run(args)).toEqual({ code: 2, said: expect.stringContaining(why) });
    expect(await cloud.deployed()).toEqual({ ...NOTHING, stacks: {} });
  });
});

test('it deploys, checks, destroys and reports; what stand-ins cannot show is “not checked”', async () => {
  const { code, said } = await run(['--account', ACCOUNT, '--requests', '300']);
  const outcomes = [...said.matchAll(/^(passed|failed|not checked): /gm)].map(([, outcome]) => outcome).join();
  // With its words, so that a failure explains itself.
  expect(`${outcomes}, ${code}: ${said}`).toMatch(/^passed,passed,passed,passed,not checked, 0: /);
  const report = readFileSync(/build\/aws-report-\S+\.md/.exec(said)?.[0] ?? '', 'utf8');
  expect(report).toContain('**Not AWS: stand-ins at');
  expect(report).toMatch(
    /denies denied\/1 \| \*\*passed\*\* \| by a stand-in that evaluates the deployed policies, not by IAM/,
  );
  expect(report).toMatch(/\| 1 \| 300 \| -?\d+ ms \| -?\d+ ms \|/);
  expect(report).not.toContain(ACCOUNT);
  const [, dollars] = /\*\*in all\*\* \| \| \| \*\*([\d.]+)\*\*/.exec(report) ?? [];
  expect(Number(dollars)).toBeGreaterThan(0.0001);
  expect(Number(dollars)).toBeLessThan(0.2);
  expect(report).toMatch(/Nothing: the stack and its \d\d resources are gone/);
  expect(await cloud.deployed()).toEqual({ ...NOTHING, stacks: {} });
});

test('interrupted in its midst, it destroys all the same, and says so in its report', async () => {
  let isTold = false;
  const { code, said } = await run(['--account', ACCOUNT], (so, child) => {
    if (isTold || !so.includes('deployed: ')) return;
    isTold = true;
    child.kill('SIGINT');
  });
  expect(`${code}: ${said}`).toMatch(/^1: .*interrupted: SIGINT.*Nothing: the stack and its \d\d resources are gone/s);
  const report = readFileSync(/build\/aws-report-\S+\.md/.exec(said)?.[0] ?? '', 'utf8');
  expect(report).toContain('| the run itself | **failed** | interrupted: SIGINT |');
  expect(await cloud.deployed()).toEqual({ ...NOTHING, stacks: {} });
});

test('what a killed run has left is destroyed by --clean, and nothing that no run has made', async () => {
  const formation = new ServiceClient('cloudformation', 'CloudFormationClient', {
    region: 'eu-west-1',
    endpoint: cloud.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const TemplateBody = JSON.stringify({ Resources: { Topic: { Type: 'AWS::SNS::Topic' } } });
  const others = {
    'cdk-lynk-test-of-others': [],
    'cdk-lynk-test-copy': [{ Key: RUN_TAG, Value: 'another' }],
    other: [],
  };
  for (const [StackName, Tags] of Object.entries(others)) {
    await formation.ask('CreateStack', { StackName, Tags, TemplateBody });
  }
  formation.destroy();

  const cutOff = await run(['--account', ACCOUNT], (said, child) => {
    if (said.includes('deployed: ')) child.kill('SIGKILL');
  });
  expect(cutOff).toEqual({ code: null, said: expect.stringMatching(/npm run test:aws -- --clean/) });
  expect(Object.keys((await cloud.deployed()).tables)).toHaveLength(2);

  const cleaned = await run(['--clean']);
  expect(cleaned).toEqual({ code: 0, said: expect.stringMatching(/^destroyed: cdk-lynk-test-\d+-\w+$/m) });
  for (const name of ['cdk-lynk-test-of-others', 'cdk-lynk-test-copy']) {
    expect(cleaned.said).toContain(`left alone: ${name} has no tag of a run`);
  }
  const stacks = Object.fromEntries(Object.keys(others).map((name) => [name, 'CREATE_COMPLETE']));
  expect(await cloud.deployed()).toEqual({ ...NOTHING, stacks });
});
