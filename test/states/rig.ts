import { randomBytes } from 'node:crypto';
import { type AttributeValue, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { App, Duration, Stack } from 'aws-cdk-lib';
import {
  Chain,
  Choice,
  Condition,
  CustomState,
  DefinitionBody,
  type IChainable,
  Pass,
  type QueryLanguage,
  StateMachine,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { type ILynkLockTable, LynkLockTable } from '../../lib/index.js';
import type { GraphJson } from '../../lib/worst-duration.js';
import { getLockFactory, type LockFactory, type LockFactoryOptions } from '../../runtime/index.js';
import { definitionIn } from '../lib/definition.js';
import { FaultProxy } from '../server/fault-proxy.js';
import { clientSettings, startServer, type TestServer } from '../server/index.js';
import { createTable, lockTable } from '../server/table.js';
import { StepFunctions } from './step-functions.js';

export type Item = Record<string, AttributeValue>;

/** Makes a state machine of what it is given: a stack, and the lock table in it. */
export type MachineMaker = (stack: Stack, locks: ILynkLockTable) => IChainable;

/** Steps that take so long. */
export function pause(stack: Stack, seconds: number): Wait {
  return new Wait(stack, 'Work', { time: WaitTime.duration(Duration.seconds(seconds)) });
}

/** A real server with a lock table and a table of counters, and Step Functions beside it. */
export class Rig {
  private made = 0;

  private constructor(
    private readonly server: TestServer,
    private readonly client: DynamoDBClient,
    /** Between Step Functions and the server; the client goes past it. */
    readonly proxy: FaultProxy,
    readonly states: StepFunctions,
    readonly tableName: string,
    readonly counterTable: string,
  ) {}

  static async start(): Promise<Rig> {
    const server = await startServer(process.env['TEST_SERVER'] === 'dynamodb-local' ? 'dynamodb-local' : 'any');
    const client = new DynamoDBClient(clientSettings(server.endpoint));
    const suffix = randomBytes(6).toString('hex');
    const proxy = await FaultProxy.to(server.endpoint);
    const rig = new Rig(
      server,
      client,
      proxy,
      await StepFunctions.start(proxy.endpoint),
      `states-locks-${suffix}`,
      `states-counters-${suffix}`,
    );
    await createTable(client, lockTable(rig.tableName));
    await createTable(client, lockTable(rig.counterTable));
    return rig;
  }

  async stop(): Promise<void> {
    await this.states.stop();
    await this.proxy.close();
    this.client.destroy();
    await this.server.stop();
  }

  /** The locks of a Lambda function. */
  factory(options: LockFactoryOptions = {}): LockFactory {
    return getLockFactory(this.tableName, { client: this.client, ...options });
  }

  /** Makes a state machine of CDK constructs; returns its ARN. */
  async machine(make: MachineMaker, queryLanguage?: QueryLanguage): Promise<string> {
    this.made += 1;
    return this.states.create(`machine-${this.made}`, this.definition(make, queryLanguage));
  }

  definition(make: MachineMaker, queryLanguage?: QueryLanguage): GraphJson {
    const stack = new Stack(new App(), 'Test');
    const locks = LynkLockTable.fromLynkLockTableName(stack, 'Locks', this.tableName);
    new StateMachine(stack, 'Machine', {
      definitionBody: DefinitionBody.fromChainable(make(stack, locks)),
      ...(queryLanguage && { queryLanguage }),
    });
    return definitionIn(stack);
  }

  async entry(lockKey: string): Promise<Item | undefined> {
    return this.item(this.tableName, lockKey);
  }

  async putEntry(item: Item): Promise<void> {
    await this.client.send(new PutItemCommand({ TableName: this.tableName, Item: item }));
  }

  /** An entry as Python writes it. */
  async putForeignEntry(lockKey: string, leaseSeconds: number): Promise<void> {
    await this.putEntry({
      lockKey: { S: lockKey },
      leaseDuration: { N: String(leaseSeconds) },
      versionNumber: { S: '5f2b4a1e-8a0e-4a35-a3c1-6f3d6a0f2c11' },
      hostIdentifier: { S: 'elsewhere' },
    });
  }

  async counter(key: string): Promise<number> {
    return Number((await this.item(this.counterTable, key))?.['count']?.N ?? 0);
  }

  async setCounter(key: string, count: number): Promise<void> {
    const Item = { lockKey: { S: key }, count: { N: String(count) } };
    await this.client.send(new PutItemCommand({ TableName: this.counterTable, Item }));
  }

  /** Steps that add one to a counter as a careless program would: they read it, think, and write. */
  incrementSteps(scope: Construct, key: string, prefix = ''): IChainable {
    const next = "States.Format('{}', States.MathAdd(States.StringToJson($.count), 1))";
    const write = new CustomState(scope, `${prefix}Write`, {
      stateJson: {
        ...{ Type: 'Task', Resource: 'arn:aws:states:::dynamodb:putItem', TimeoutSeconds: 5 },
        Parameters: { TableName: this.counterTable, Item: { lockKey: { S: key }, count: { 'N.$': next } } },
      },
    });
    const pause = new Wait(scope, `${prefix}Pause`, { time: WaitTime.duration(Duration.seconds(1)) });
    return this.readStep(scope, key, `${prefix}Read`).next(pause).next(write);
  }

  /** Steps that are through when the counter has reached 2. */
  stepsUntilTwo(scope: Construct, key: string): IChainable {
    const pause = new Wait(scope, 'Pause', { time: WaitTime.duration(Duration.seconds(1)) });
    const read = this.readStep(scope, key, 'Read');
    const done = new Pass(scope, 'Done');
    const isTwo = new Choice(scope, 'Two')
      .when(Condition.stringEquals('$.count', '2'), done)
      .otherwise(pause.next(read));
    read.next(isTwo);
    return Chain.custom(read, [done], done);
  }

  private readStep(scope: Construct, key: string, id: string): CustomState {
    return new CustomState(scope, id, {
      stateJson: {
        ...{ Type: 'Task', Resource: 'arn:aws:states:::dynamodb:getItem', TimeoutSeconds: 5 },
        Parameters: { TableName: this.counterTable, Key: { lockKey: { S: key } }, ConsistentRead: true },
        ResultSelector: { 'count.$': '$.Item.count.N' },
      },
    });
  }

  private async item(TableName: string, lockKey: string): Promise<Item | undefined> {
    const Key = { lockKey: { S: lockKey } };
    return (await this.client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
  }
}
