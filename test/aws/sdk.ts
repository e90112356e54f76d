import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const CLIENTS = ['cloudformation', 'lambda', 'sts'] as const;
type Service = (typeof CLIENTS)[number];
const VERSION = '3.1164.0';

/** One of the SDK's clients, as far as it is used here. */
export interface Client {
  send(command: object): Promise<unknown>;
  destroy(): void;
}

type Parts = Readonly<Record<string, new (input: object) => object>>;

/** Makes a client, and sends commands by name. Only this suite needs these: they are fetched on first use. */
export class ServiceClient {
  private readonly parts: Parts;
  private readonly client: Client;

  constructor(service: Service, className: string, config: object) {
    this.parts = createRequire(join(installed(), 'package.json'))(`@aws-sdk/client-${service}`) as Parts;
    this.client = this.make(className, config) as Client;
  }

  async ask<A>(command: string, input: object = {}): Promise<A> {
    return (await this.client.send(this.make(`${command}Command`, input))) as A;
  }

  destroy(): void {
    this.client.destroy();
  }

  private make(name: string, input: object): object {
    const Part = this.parts[name];
    if (!Part) throw new Error(`the SDK has no ${name}`);
    return new Part(input);
  }
}

function installed(): string {
  const folder = resolve('.cache/aws-clients');
  const complete = join(folder, `complete-${VERSION}`);
  if (!existsSync(complete)) {
    mkdirSync(folder, { recursive: true });
    const dependencies = Object.fromEntries(CLIENTS.map((name) => [`@aws-sdk/client-${name}`, VERSION]));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies }));
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'pipe' });
    writeFileSync(complete, '');
  }
  return folder;
}
