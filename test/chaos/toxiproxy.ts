import { freePort } from '../server/index.js';
import { Child } from './child.js';

/** A fault of the network, as Toxiproxy calls and configures it (its README lists them). */
export interface Toxic {
  readonly type: 'latency' | 'bandwidth' | 'reset_peer' | 'timeout';
  /** Which way it works: on requests, or on answers. */
  readonly stream: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

/** Toxiproxy, with one way to the database for each worker. */
export class Toxiproxy {
  private toxics = 0;

  private constructor(
    private readonly child: Child,
    private readonly api: string,
  ) {}

  static async start(command: string): Promise<Toxiproxy> {
    const port = await freePort();
    const child = new Child(command, ['-host', '127.0.0.1', '-port', String(port)], {
      stdio: 'ignore',
      env: { LOG_LEVEL: 'panic' },
    });
    const api = `http://127.0.0.1:${port}`;
    await child.answersAt(`${api}/version`);
    return new Toxiproxy(child, api);
  }

  /** Opens a way to `upstream` (host:port), and resolves to its own host:port. */
  async open(name: string, upstream: string): Promise<string> {
    const listen = `127.0.0.1:${await freePort()}`;
    await this.call('POST', '/proxies', { name, listen, upstream, enabled: true });
    return listen;
  }

  /** Cuts a way: its connections end, and new ones are refused. Resolves to what mends it. */
  async cut(name: string): Promise<() => Promise<void>> {
    await this.call('POST', `/proxies/${name}`, { enabled: false });
    return () => this.call('POST', `/proxies/${name}`, { enabled: true });
  }

  /** Poisons a way, connections that stand included. Resolves to what heals it. */
  async poison(name: string, toxic: Toxic): Promise<() => Promise<void>> {
    this.toxics += 1;
    const id = `toxic-${this.toxics}`;
    await this.call('POST', `/proxies/${name}/toxics`, { name: id, toxicity: 1, ...toxic });
    return () => this.call('DELETE', `/proxies/${name}/toxics/${id}`);
  }

  async stop(): Promise<void> {
    this.child.signal('SIGKILL');
    await this.child.ended;
  }

  private async call(method: 'POST' | 'DELETE', path: string, body?: object): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    const answer = await fetch(this.api + path, { method, signal, ...(body && { body: JSON.stringify(body) }) });
    if (!answer.ok) throw new Error(`Toxiproxy: ${method} ${path}: ${answer.status} ${await answer.text()}`);
  }
}
