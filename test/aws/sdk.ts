import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { installOnce } from '../../packaging/install.js';

const CLIENTS = ['cloudformation', 'lambda', 'sts'] as const;
type Service = (typeof CLIENTS)[number];
const VERSION = '3.1164.0';

/** One of the SDK's clients, as far as it is used here. */
export interface Client {
  send(command: object): Promise<unknown>;
  destroy(): void;
}

type Parts = Readonly<Record<string, new (input: object) => object>>;

let modules: Promise<string> | undefined;

/** The folder of the clients. Only this suite needs them: they are fetched on first use. */
function installed(): Promise<string> {
  const dependencies = Object.fromEntries(CLIENTS.map((name) => [`@aws-sdk/client-${name}`, VERSION]));
  modules ??= installOnce(resolve('.cache/aws-clients'), dependencies);
  return modules;
}

/** Makes a client at the first call, and sends commands by name. */
export class ServiceClient {
  private loaded: Promise<{ readonly parts: Parts; readonly client: Client }> | undefined;

  constructor(
    private readonly service: Service,
    private readonly className: string,
    private readonly config: object,
  ) {}

  async ask<A>(command: string, input: object = {}): Promise<A> {
    this.loaded ??= this.load();
    const { parts, client } = await this.loaded;
    return (await client.send(made(parts, `${command}Command`, input))) as A;
  }

  destroy(): void {
    this.loaded?.then(
      ({ client }) => client.destroy(),
      () => {},
    );
  }

  private async load() {
    const parts = createRequire(join(await installed(), 'all.js'))(`@aws-sdk/client-${this.service}`) as Parts;
    return { parts, client: made(parts, this.className, this.config) as Client };
  }
}

function made(parts: Parts, name: string, input: object): object {
  const Part = parts[name];
  if (!Part) throw new Error(`the SDK has no ${name}`);
  return new Part(input);
}
