import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  UpdateTableCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LynkLockTable } from '../../lib/index.js';
import { KEY_READ_ACTIONS, KEY_WRITE_ACTIONS } from '../../lib/permissions.js';
import { run } from '../../packaging/run.js';
import { getLockFactory } from '../../runtime/index.js';
import * as wire from '../../runtime/protocol/wire.js';
import { newFunction, newStack, statementsIn } from '../lib/stack.js';
import { clientEnvironment, clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, type TableResource } from '../server/table.js';
import { python } from './python.js';
import { lint, packagedByServerless, translatedBySam } from './without-cdk/cloudformation.js';
import { block, blocks, codes, section, tableRows } from './without-cdk/page.js';
import { only, permissionOf, type Rendered, type Template as Rendering, renderedBy } from './without-cdk/rendered.js';
import { misfits, parsed, renderedByTerraform } from './without-cdk/terraform.js';

/** What the construct makes of the page's example. */
function byTheConstruct(): Rendered {
  const stack = newStack();
  const report = newFunction(stack, 'Report', { timeout: Duration.seconds(60) });
  new LynkLockTable(stack, 'Locks', { leaseDuration: Duration.seconds(20) }).connect(report, { names: ['report/*'] });
  return renderedBy(Template.fromStack(stack).toJSON() as Rendering);
}

/** The options of a command of the AWS CLI. */
function optionsOf(command: string): Record<string, string> {
  return Object.fromEntries([...command.matchAll(/--([\w-]+) (\S+)/g)].map(([, name, value]) => [name, value]));
}

test('the IAM policy allows what `connect` does, for the same locks, and nothing else', () => {
  const policy = JSON.parse(block('The IAM policy', 'json'));
  const { permission } = byTheConstruct();
  expect(permission.actions.size).toBeGreaterThan(3);
  expect(permissionOf(only(policy.Statement))).toEqual(permission);
});

test('what people need is what `grantInspect` and `grantBreak` allow', () => {
  const rows = tableRows('The IAM policy', 'actions on the table');
  for (const grant of ['grantInspect', 'grantBreak'] as const) {
    const stack = newStack();
    const role = new Role(stack, 'Person', { assumedBy: new ServicePrincipal('ec2.amazonaws.com') });
    new LynkLockTable(stack, 'Locks')[grant](role);
    const [, actions = ''] = only(rows.filter(([, , name]) => name === `\`${grant}\``));
    expect(new Set(codes(actions))).toEqual(new Set([only(statementsIn(stack)).Action].flat()));
  }
  expect(rows).toHaveLength(2);
});

test('the actions on a key are those of a grant', () => {
  const [line = ''] = section('The IAM policy').match(/^.*kms:.*$/m) ?? [];
  expect(new Set(codes(line))).toEqual(new Set([...KEY_READ_ACTIONS, ...KEY_WRITE_ACTIONS]));
});

test('the variables are those that the client reads', () => {
  const variables = Object.entries(wire).flatMap(([name, value]) => (name.endsWith('_VARIABLE') ? [value] : []));
  const said = tableRows('What to set up', 'variable').flatMap(([name = '']) => codes(name));
  expect(new Set(said)).toEqual(new Set(variables));
});

describe('AWS SAM', () => {
  const text = block('AWS SAM', 'yaml');
  let template: Rendering;
  beforeAll(async () => {
    template = await translatedBySam(text);
  });

  test('the template is one for SAM and for CloudFormation', async () => {
    expect(await lint(text)).toBe('');
    expect(await lint(template)).toBe('');
  });

  test('it makes what the construct makes', () => {
    expect(renderedBy(template)).toEqual(byTheConstruct());
  });

  test('mistyped, it would not', async () => {
    const names = text.replace('Handler: report', 'Handlr: report').replace('BillingMode:', 'BilingMode:');
    expect((await lint(names)).match(/'\w+' was unexpected/g)).toEqual([
      "'BilingMode' was unexpected",
      "'Handlr' was unexpected",
    ]);
    const references = text.replace('!Ref Locks', '!Ref Lock').replace('!GetAtt Locks.Arn', '!GetAtt Locks.Arm');
    expect((await lint(await translatedBySam(references))).match(/^E\d+ '\w+' is not one of/gm)).toHaveLength(2);
  });

  describe('the table on a server', () => {
    let server: TestServer;
    let client: DynamoDBClient;
    const TableName = 'locks-of-sam';
    beforeAll(async () => {
      server = await startServer();
      client = new DynamoDBClient(clientSettings(server.endpoint));
      const { Properties } = only(Object.values(template.Resources).filter(({ Type }) => /DynamoDB/.test(Type)));
      await createTable(client, { TableName, ...Properties } as TableResource);
    });
    afterAll(async () => {
      client.destroy();
      await server.stop();
    });

    test('locks are taken and released in it, and TTL is on', async () => {
      const locks = getLockFactory(TableName, { client });
      const holder = await locks.withLock('report/1', async () => (await locks.inspect('report/1'))?.hostIdentifier);
      expect(holder).toContain(String(process.pid));
      const held = await locks.createLock('report/1').acquire();
      expect(await locks.createLock('report/1').tryAcquire()).toBeUndefined();
      await held.release();
      expect(await locks.inspect('report/1')).toBeUndefined();
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
      expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: wire.ENTRY.expiresAt });
    });

    test('a table of Python’s gets TTL and capacity by the commands on the page', async () => {
      const environment = { ...clientEnvironment(server.endpoint), AWS_DEFAULT_REGION: 'eu-west-1' };
      await run(python('python'), [python('lynk'), 'create-table', 'my-locks'], '.', environment);
      const { Table } = await client.send(new DescribeTableCommand({ TableName: 'my-locks' }));
      expect(Table?.KeySchema).toEqual(byTheConstruct().table.key);
      expect(Table?.ProvisionedThroughput).toMatchObject({ ReadCapacityUnits: 5, WriteCapacityUnits: 5 });

      const [ttl = '', capacity = ''] = blocks("A table that Python's lynk made", 'sh');
      expect([ttl, capacity].map((command) => command.trim().split(' --')[0])).toEqual([
        'aws dynamodb update-time-to-live',
        'aws dynamodb update-table',
      ]);
      const { Enabled, AttributeName } = Object.fromEntries(
        (optionsOf(ttl)['time-to-live-specification'] ?? '').split(',').map((pair) => pair.split('=')),
      );
      const TimeToLiveSpecification = { Enabled: Enabled === 'true', AttributeName };
      await client.send(
        new UpdateTimeToLiveCommand({ TableName: optionsOf(ttl)['table-name'], TimeToLiveSpecification }),
      );
      const { 'table-name': TableName, 'billing-mode': BillingMode } = optionsOf(capacity);
      await client.send(new UpdateTableCommand({ TableName, BillingMode: BillingMode as 'PAY_PER_REQUEST' }));
      const changed = await client.send(new DescribeTableCommand({ TableName: 'my-locks' }));
      expect(changed.Table?.BillingModeSummary?.BillingMode).toBe(byTheConstruct().table.billing);
      const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: 'my-locks' }));
      expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: wire.ENTRY.expiresAt });
    });

    test('the rights of Python are the requests that lynk sends', async () => {
      const [line = ''] = section("A table that Python's lynk made").match(/^.*`dynamodb:PutItem`.*$/m) ?? [];
      const said = codes(line).filter((code) => code.startsWith('dynamodb:'));
      const environment = { ...clientEnvironment(server.endpoint), AWS_DEFAULT_REGION: 'eu-west-1' };
      const sent = await run(
        python('python'),
        ['test/deploy/without-cdk/lynk_requests.py', TableName],
        '.',
        environment,
      );
      expect(new Set(said)).toEqual(
        new Set((JSON.parse(sent) as string[]).map((operation) => `dynamodb:${operation}`)),
      );
    });
  });
});

describe('Serverless Framework', () => {
  const text = block('Serverless Framework', 'yaml');
  let template: Rendering;
  beforeAll(async () => {
    template = await packagedByServerless(text);
  });

  test('what it packages is a template for CloudFormation', async () => {
    expect(await lint(template)).toBe('');
  });

  test('it makes what the construct makes', () => {
    expect(renderedBy(template)).toEqual(byTheConstruct());
  });

  test('with an option mistyped, it would not', async () => {
    await expect(packagedByServerless(text.replace('timeout: 60', 'timeOut: 60'))).rejects.toThrow(/timeOut/);
  });
});

describe('Terraform', () => {
  const text = block('Terraform', 'hcl');

  test('it fits the provider’s schema', async () => {
    expect(await misfits(await parsed(text))).toBe('');
  });

  test('it makes what the construct makes', async () => {
    expect(renderedByTerraform(await parsed(text))).toEqual(byTheConstruct());
  });

  test('on a table of Python’s, too', async () => {
    const theirs = block("A table that Python's lynk made", 'hcl');
    const own = /^resource "aws_dynamodb_table" "locks" \{[\s\S]*?^\}\n/m;
    expect(text).toMatch(own);
    const changed = text.replace(own, theirs).replaceAll('aws_dynamodb_table.locks', 'data.aws_dynamodb_table.locks');
    expect(await misfits(await parsed(changed))).toBe('');
  });

  test('mistyped, it would not', async () => {
    const mistyped = text
      .replace('hash_key     =', 'hash_keys =')
      .replace('values   = ["false"]', 'values   = "false"')
      .replace('  role          = aws_iam_role.report.arn\n', '')
      .replace('aws_dynamodb_table.locks.arn', 'aws_dynamodb_table.locks.arm')
      .replace('aws_dynamodb_table.locks.name', 'aws_dynamodb_table.lock.name');
    const complaints = await misfits(await parsed(mistyped));
    for (const complaint of [
      /hashKeys\W+ does not exist/,
      /'string' is not assignable to type 'string\[\]'/,
      /'role' is missing/,
      /'arm' does not exist/,
    ]) {
      expect(complaints).toMatch(complaint);
    }
    expect(complaints).toMatch(/no block for \$\{aws_dynamodb_table\.lock\.name\}/);
  });

  test('with a brace left out, it would not', async () => {
    await expect(parsed(text.replace('{', ''))).rejects.toThrow(/main\.tf/);
  });
});
