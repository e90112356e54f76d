import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { DefinitionBody, JsonPath, Pass, StateMachine, Succeed, Timeout } from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { LynkLockTable } from '../../lib/index.js';

/**
 * Month-end billing: one execution at a time for each account, though the functions know nothing of locks. A
 * Lambda function elsewhere that runs `withLock('account/…')` on the same table waits for its turn, too.
 */
export class MonthEndStack extends Stack {
  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const locks = new LynkLockTable(this, 'Locks');

    const charge = this.step('Charge');
    const book = this.step('Book');
    const billed = locks.protect(charge.next(book), {
      name: JsonPath.format('account/{}', JsonPath.stringAt('$.accountId')),
      names: ['account/*'],
      waitDuration: Duration.minutes(10),
    });

    // A state of its own for the whole, so that an account whose lock is not granted is put off, not failed.
    const bill = billed.toSingleState({ stateId: 'Bill', outputPath: '$[0]' });
    bill.addCatch(new Pass(this, 'Put off'), { errors: ['LockNotGrantedError'] });
    const definitionBody = DefinitionBody.fromChainable(bill.next(new Succeed(this, 'Billed')));
    new StateMachine(this, 'MonthEnd', { definitionBody, timeout: Duration.minutes(30) });
  }

  /** A function, and the step that invokes it. The lease is worked out from the steps' time-outs. */
  private step(name: string): LambdaInvoke {
    const timeout = Duration.seconds(30);
    const lambdaFunction = new LambdaFunction(this, `${name}Function`, {
      runtime: Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async (account) => account;'),
      // No longer than its step: Step Functions' time-out would not stop it.
      timeout,
    });
    return new LambdaInvoke(this, name, {
      lambdaFunction,
      payloadResponseOnly: true,
      taskTimeout: Timeout.duration(timeout),
      // Each retry makes the lease longer; a failed account is billed by the next execution.
      retryOnServiceExceptions: false,
    });
  }
}
