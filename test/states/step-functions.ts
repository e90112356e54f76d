import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../server/index.js';
import { PYTHON } from './interpreter.js';

const REGION = 'eu-west-1';

/** An execution, as it stands. */
export interface Execution {
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';
  readonly output?: unknown;
  readonly error?: string;
  readonly cause?: string;
}

/** One step of an execution's history. */
export interface HistoryEvent {
  readonly type: string;
  readonly stateEnteredEventDetails?: { readonly name: string };
}

/** Step Functions, as an interpreter on loopback; the requests of its states go to a DynamoDB endpoint. */
export class StepFunctions {
  private constructor(
    private readonly server: ChildProcess,
    private readonly endpoint: string,
    private readonly output: () => string,
  ) {}

  static async start(dynamoDBEndpoint: string): Promise<StepFunctions> {
    const port = await freePort();
    const server = spawn(PYTHON, ['test/states/server.py', String(port), dynamoDBEndpoint], { stdio: 'pipe' });
    let output = '';
    const keep = (chunk: unknown): void => {
      // Not what is asked of it, which it also tells.
      const lines = String(chunk).split('\n');
      output = [output, ...lines.filter((line) => !line.includes('HTTP/1.1"'))].join('\n').slice(-20_000);
    };
    server.stdout.on('data', keep);
    server.stderr.on('data', keep);
    process.once('exit', () => server.kill('SIGKILL'));
    const service = new StepFunctions(server, `http://127.0.0.1:${port}`, () => output);
    await service.answers();
    return service;
  }

  async stop(): Promise<void> {
    this.server.kill('SIGKILL');
  }

  /** Makes a state machine of a definition; returns its ARN. */
  async create(name: string, definition: object): Promise<string> {
    const roleArn = 'arn:aws:iam::123456789012:role/machine';
    const made = await this.call('CreateStateMachine', { name, definition: JSON.stringify(definition), roleArn });
    return made['stateMachineArn'] as string;
  }

  /** Starts an execution; returns its ARN, which is its id. */
  async begin(stateMachineArn: string, input: unknown = {}): Promise<string> {
    const request = { stateMachineArn, name: randomUUID(), input: JSON.stringify(input) };
    const started = await this.call('StartExecution', request);
    return started['executionArn'] as string;
  }

  async describe(executionArn: string): Promise<Execution> {
    const { output, ...rest } = await this.call('DescribeExecution', { executionArn });
    const parsed = typeof output === 'string' ? { output: JSON.parse(output) as unknown } : {};
    return { ...(rest as unknown as Execution), ...parsed };
  }

  /** The execution, once it has ended. */
  async ended(executionArn: string, limitSeconds = 240): Promise<Execution> {
    const deadline = performance.now() + limitSeconds * 1000;
    for (;;) {
      const execution = await this.describe(executionArn);
      if (execution.status !== 'RUNNING') return execution;
      if (performance.now() > deadline) throw new Error(`still running: ${this.output()}`);
      await sleep(250);
    }
  }

  /** Runs an execution; returns how it ended, and what it went through. */
  async run(stateMachineArn: string, input: unknown = {}): Promise<Execution & { readonly states: string[] }> {
    const executionArn = await this.begin(stateMachineArn, input);
    const ended = await this.ended(executionArn);
    return { ...ended, states: await this.statesOf(executionArn) };
  }

  /** Ends an execution where it stands: no state of it runs any more. */
  async abort(executionArn: string): Promise<void> {
    await this.call('StopExecution', { executionArn });
  }

  private async history(executionArn: string): Promise<HistoryEvent[]> {
    const { events } = await this.call('GetExecutionHistory', { executionArn, maxResults: 1000 });
    return events as HistoryEvent[];
  }

  /** The names of the states that an execution entered, in order. */
  async statesOf(executionArn: string): Promise<string[]> {
    const names = (await this.history(executionArn)).map((event) => event.stateEnteredEventDetails?.name);
    return names.filter((name) => name !== undefined);
  }

  private async call(action: string, input: object): Promise<Record<string, unknown>> {
    const scope = `test/20260101/${REGION}/states/aws4_request`;
    const answer = await fetch(this.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AWSStepFunctions.${action}`,
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`,
      },
      body: JSON.stringify(input),
    });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${action}: ${body}\n${this.output()}`);
    return JSON.parse(body) as Record<string, unknown>;
  }

  private async answers(): Promise<void> {
    for (let attempt = 0; attempt < 240 && this.server.exitCode === null; attempt += 1) {
      const answer = await fetch(`${this.endpoint}/moto-api/data.json`).catch(() => undefined);
      if (answer?.ok) return;
      await sleep(500);
    }
    await this.stop();
    throw new Error(`moto did not start: ${this.output()}`);
  }
}
