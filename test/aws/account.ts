import { setTimeout as sleep } from 'node:timers/promises';
import { type FunctionKind, PREFIX, RUN_TAG, stackName } from './names.js';
import { ServiceClient } from './sdk.js';

/** How an invocation ended, and what Lambda bills for it. */
export interface Invocation {
  readonly answer?: unknown;
  readonly error?: string;
  readonly billedMs: number;
}

/** A stack with our prefix. */
export interface FoundStack {
  readonly name: string;
  /** The run that made it; undefined where the tag does not say so, and then it is none of ours. */
  readonly run: string | undefined;
}

interface DescribedStacks {
  readonly Stacks?: readonly {
    readonly StackName: string;
    readonly StackStatus: string;
    readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
  }[];
  readonly NextToken?: string;
}

interface Invoked {
  readonly FunctionError?: string;
  readonly LogResult?: string;
  readonly Payload?: Uint8Array;
}

/** The user's AWS account, in one Region, as far as a run asks it for anything but locks. */
export class Account {
  readonly invocations: Invocation[] = [];
  private readonly sts: ServiceClient;
  private readonly formation: ServiceClient;
  private readonly lambda: ServiceClient;

  constructor(readonly region: string) {
    this.sts = new ServiceClient('sts', 'STSClient', { region });
    this.formation = new ServiceClient('cloudformation', 'CloudFormationClient', { region });
    // An invocation that is sent twice counts twice.
    this.lambda = new ServiceClient('lambda', 'LambdaClient', { region, maxAttempts: 1 });
  }

  async id(): Promise<string> {
    return (await this.sts.ask<{ Account: string }>('GetCallerIdentity')).Account;
  }

  /** All stacks whose name has our prefix. */
  async stacks(): Promise<FoundStack[]> {
    const found: FoundStack[] = [];
    let NextToken: string | undefined;
    do {
      const page: DescribedStacks = await this.formation.ask('DescribeStacks', NextToken ? { NextToken } : {});
      for (const { StackName: name, StackStatus, Tags = [] } of page.Stacks ?? []) {
        if (!name.startsWith(PREFIX) || StackStatus === 'DELETE_COMPLETE') continue;
        const run = Tags.find(({ Key }) => Key === RUN_TAG)?.Value;
        found.push({ name, run: run !== undefined && name === stackName(run) ? run : undefined });
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }

  /** The kinds of a stack's resources. */
  async resources(run: string): Promise<string[]> {
    const input = { StackName: stackName(run) };
    const { StackResources = [] } = await this.formation.ask<{ StackResources?: { ResourceType: string }[] }>(
      'DescribeStackResources',
      input,
    );
    return StackResources.map(({ ResourceType }) => ResourceType);
  }

  async upload(run: string, kind: FunctionKind, ZipFile: Buffer): Promise<void> {
    const FunctionName = `${stackName(run)}-${kind}`;
    await this.lambda.ask('UpdateFunctionCode', { FunctionName, ZipFile });
    for (let attempt = 0; attempt < 120; attempt += 1) {
      const { LastUpdateStatus = 'Successful' } = await this.lambda.ask<{ LastUpdateStatus?: string }>(
        'GetFunctionConfiguration',
        { FunctionName },
      );
      if (LastUpdateStatus === 'Successful') return;
      if (LastUpdateStatus === 'Failed') break;
      await sleep(1000);
    }
    throw new Error(`Lambda did not take the code of ${FunctionName}`);
  }

  async invoke(run: string, kind: FunctionKind, task: object): Promise<Invocation> {
    const input = {
      FunctionName: `${stackName(run)}-${kind}`,
      Payload: Buffer.from(JSON.stringify(task)),
      LogType: 'Tail',
    };
    const beganMs = performance.now();
    const { FunctionError, LogResult = '', Payload } = await this.invoked(input);
    const text = Buffer.from(Payload ?? []).toString();
    const billed = /Billed Duration: (\d+) ms/.exec(Buffer.from(LogResult, 'base64').toString())?.[1];
    // Without its log line, all the time that it can have run.
    const billedMs = billed === undefined ? Math.ceil(performance.now() - beganMs) : Number(billed);
    const invocation = { ...(FunctionError ? { error: text } : { answer: JSON.parse(text) }), billedMs };
    this.invocations.push(invocation);
    return invocation;
  }

  close(): void {
    for (const client of [this.sts, this.formation, this.lambda]) client.destroy();
  }

  /** Tried again only where Lambda says that nothing ran. */
  private async invoked(input: object): Promise<Invoked> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.lambda.ask<Invoked>('Invoke', input);
      } catch (error) {
        if ((error as Error).name !== 'TooManyRequestsException' || attempt === 20) throw error;
        await sleep(1000);
      }
    }
  }
}
