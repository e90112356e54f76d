import type { IncomingHttpHeaders } from 'node:http';
import type { Forward } from './cloud.js';

/** Makes each table that was deployed in the embedded server, too, whose writes are atomic. */
export class Tables {
  private readonly known = new Map<string, Promise<void>>();

  constructor(
    private readonly deployed: Forward,
    private readonly stored: Forward,
  ) {}

  made(name: string, headers: IncomingHttpHeaders): Promise<void> {
    const made = this.known.get(name) ?? this.make(name, headers);
    this.known.set(name, made);
    return made;
  }

  private async make(name: string, { authorization, 'x-amz-date': date }: IncomingHttpHeaders): Promise<void> {
    const ask = async (forward: Forward, operation: string, input: object) => {
      const body = Buffer.from(JSON.stringify(input));
      const headers = {
        authorization,
        'x-amz-date': date,
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        'content-type': 'application/x-amz-json-1.0',
        'content-length': String(body.length),
      };
      return forward({ method: 'POST', path: '/', headers, body });
    };
    const { body } = await ask(this.deployed, 'DescribeTable', { TableName: name });
    const { Table } = JSON.parse(body.toString());
    // The embedded server then says by itself that there is no such table.
    if (!Table) return;
    const { KeySchema, AttributeDefinitions } = Table;
    const created = { TableName: name, KeySchema, AttributeDefinitions, BillingMode: 'PAY_PER_REQUEST' };
    const answer = await ask(this.stored, 'CreateTable', created);
    if (answer.status !== 200) throw new Error(`the table ${name} was not made: ${answer.body}`);
  }
}
