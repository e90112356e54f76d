import {
  App,
  BootstraplessSynthesizer,
  Duration,
  type IStackSynthesizer,
  RemovalPolicy,
  Stack,
  Tags,
} from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { LynkLockTable } from '../../lib/index.js';
import { FUNCTIONS, RUN_TAG, stackName } from './names.js';

/** What a run deploys: all of it goes with the stack. It needs no bootstrapped account, as it has no assets. */
const app = new App();
const given = (name: string): string => {
  const value: unknown = app.node.tryGetContext(name);
  if (typeof value !== 'string') throw new Error(`-c ${name}=… is missing`);
  return value;
};
const run = given('run');
const name = stackName(run);
const stack = new Stack(app, name, {
  env: { account: given('account'), region: given('region') },
  synthesizer: new BootstraplessSynthesizer() as IStackSynthesizer,
});
Tags.of(app).add(RUN_TAG, run);

const locks = new LynkLockTable(stack, 'Locks', {
  tableName: `${name}-locks`,
  removalPolicy: RemovalPolicy.DESTROY,
});
const data = new Table(stack, 'Data', {
  tableName: `${name}-data`,
  partitionKey: { name: 'id', type: AttributeType.STRING },
  billingMode: BillingMode.PAY_PER_REQUEST,
  removalPolicy: RemovalPolicy.DESTROY,
});
for (const [kind, { timeoutSeconds, names }] of Object.entries(FUNCTIONS)) {
  const fn = new LambdaFunction(stack, kind, {
    functionName: `${name}-${kind}`,
    runtime: Runtime.NODEJS_22_X,
    // The run sends the bundle itself.
    code: Code.fromInline('exports.handler = async () => { throw new Error("no code yet"); };'),
    handler: 'index.handler',
    memorySize: 1024,
    timeout: Duration.seconds(timeoutSeconds),
    environment: { DATA_TABLE: data.tableName },
    logGroup: new LogGroup(stack, `${kind}Log`, {
      logGroupName: `/cdk-lynk-test/${run}/${kind}`,
      removalPolicy: RemovalPolicy.DESTROY,
    }),
  });
  locks.connect(fn, { names: [...names] });
  data.grantReadWriteData(fn);
}
