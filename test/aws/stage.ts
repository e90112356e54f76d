import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { Account } from './account.js';
import type { Counts } from './functions/counts.js';
import type { Report, Task } from './functions/task.js';
import { type FunctionKind, KINDS, stackName } from './names.js';

/** The longest wait for something to be seen. */
const LIMIT_SECONDS = 60;

/** What is deployed, for the checks. */
export class Stage {
  readonly requests: Counts[] = [];
  withoutReport = 0;
  private readonly client: DynamoDBClient;
  private reads = 0;

  constructor(
    private readonly account: Account,
    private readonly run: string,
    /** Whether it is AWS, and no stand-in. */
    readonly isAws: boolean,
  ) {
    this.client = new DynamoDBClient({ region: account.region });
  }

  /** Until each function has its permissions: IAM takes some seconds to tell everybody. */
  async ready(): Promise<void> {
    await Promise.all(
      KINDS.map(async (kind) => {
        const deadline = performance.now() + LIMIT_SECONDS * 1000;
        for (;;) {
          const answer = await this.ask(kind, { lock: 'ready', times: 1, counter: 'ready' });
          if (typeof answer !== 'string') return;
          if (performance.now() > deadline) throw new Error(`${kind} does not work: ${answer}`);
          await sleep(2000);
        }
      }),
    );
  }

  /** What an invocation reports, or the text of its failure. */
  async ask(kind: FunctionKind, task: Task): Promise<Report | string> {
    const { answer, error } = await this.account.invoke(this.run, kind, task);
    if (error !== undefined) {
      this.withoutReport += 1;
      return error;
    }
    this.requests.push((answer as Report).requests);
    return answer as Report;
  }

  /** What an invocation reports that must not fail. */
  async report(kind: FunctionKind, task: Task): Promise<Report> {
    const answer = await this.ask(kind, task);
    if (typeof answer === 'string') throw new Error(`${kind} failed: ${answer}`);
    return answer;
  }

  async count(counter: string): Promise<number> {
    return Number((await this.item('data', { id: { S: counter } }))?.['count']?.N ?? 0);
  }

  /** Waits until a lock's entry names a function as its holder. */
  async heldBy(kind: FunctionKind, lock: string): Promise<void> {
    const begin = `${stackName(this.run)}-${kind}/`;
    const deadline = performance.now() + LIMIT_SECONDS * 1000;
    for (;;) {
      const entry = await this.item('locks', { lockKey: { S: lock } });
      if (entry?.['hostIdentifier']?.S?.startsWith(begin)) return;
      if (performance.now() > deadline) throw new Error(`${kind} has not got the lock ${lock}`);
      await sleep(200);
    }
  }

  close(): void {
    this.requests.push({ GetItem: this.reads });
    this.client.destroy();
  }

  private async item(table: 'locks' | 'data', Key: Record<string, { S: string }>) {
    this.reads += 1;
    const TableName = `${stackName(this.run)}-${table}`;
    return (await this.client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }))).Item;
  }
}
