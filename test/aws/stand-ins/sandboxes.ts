import type { IncomingHttpHeaders } from 'node:http';
import type { Answer, Forward } from './cloud.js';
import { FunctionSandbox } from './function-sandbox.js';

interface Configuration {
  readonly Role: string;
  readonly Timeout: number;
  readonly Handler: string;
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> };
}

/** Lambda: one sandbox for each invocation that runs, kept frozen until the next. */
export class Sandboxes {
  /** Where sandboxes find DynamoDB. */
  endpoint = '';
  private readonly codes = new Map<string, Buffer>();
  private readonly idle = new Map<string, FunctionSandbox[]>();
  private readonly all = new Set<FunctionSandbox>();

  constructor(private readonly deployed: Forward) {
    // Whatever way this process ends, none outlives it.
    process.once('exit', () => {
      for (const sandbox of this.all) sandbox.kill();
    });
  }

  /** @param zip in Base64 */
  keepCode(name: string, zip: string): void {
    this.codes.set(name, Buffer.from(zip, 'base64'));
  }

  async invoke(name: string, { headers, body }: { headers: IncomingHttpHeaders; body: Buffer }): Promise<Answer> {
    const sandbox = this.idle.get(name)?.pop() ?? (await this.start(name, headers));
    const beganMs = performance.now();
    const { text, isError, isOver } = await sandbox.invoke(body);
    const billedMs = Math.ceil(performance.now() - beganMs);
    if (isOver) {
      await sandbox.end();
      this.all.delete(sandbox);
    } else this.idle.set(name, [...(this.idle.get(name) ?? []), sandbox]);
    const log = `REPORT RequestId: stand-in\tDuration: ${billedMs} ms\tBilled Duration: ${billedMs} ms\n`;
    return {
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-amz-log-result': Buffer.from(log).toString('base64'),
        ...(isError && { 'x-amz-function-error': 'Unhandled' }),
      },
      body: Buffer.from(text),
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.all].map((sandbox) => sandbox.end()));
  }

  private async start(name: string, headers: IncomingHttpHeaders): Promise<FunctionSandbox> {
    const { authorization, host, 'x-amz-date': date } = headers;
    const path = `/2015-03-31/functions/${name}/configuration`;
    const asked = { method: 'GET', path, headers: { authorization, host, 'x-amz-date': date }, body: Buffer.alloc(0) };
    const answer = await this.deployed(asked);
    const code = this.codes.get(name);
    if (answer.status !== 200 || !code) throw new Error(`there is no function ${name} with code: ${answer.body}`);
    const { Role, Timeout, Handler, Environment } = JSON.parse(answer.body.toString()) as Configuration;
    const sandbox = await FunctionSandbox.start({
      name,
      code,
      handler: Handler,
      role: Role.split('/').at(-1) ?? '',
      timeoutSeconds: Timeout,
      endpoint: this.endpoint,
      variables: Environment?.Variables ?? {},
    });
    this.all.add(sandbox);
    return sandbox;
  }
}
