import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as it came in. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What becomes of a request. */
export type Deed = (response: ServerResponse, seen: Seen) => void;

/** Answers with JSON. */
export function answered(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Deed {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...headers }).end(JSON.stringify(body));
  };
}

/** A server that does the planned deeds, one a request, and then answers with an empty object. */
export class ScriptedServer {
  readonly seen: Seen[] = [];
  /** Those still to come. */
  deeds: Deed[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly http = createServer((request, response) => void this.serve(request, response));

  static async start(...deeds: readonly Deed[]): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    server.deeds = [...deeds];
    server.http.on('connection', (socket: Socket) => server.sockets.add(socket));
    await new Promise<void>((resolve) => server.http.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Ends all connections, as a server does with those that are idle. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  stop(): void {
    this.http.closeAllConnections();
    this.http.close();
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const seen = { method, path, headers: headers as Record<string, string>, body: await text(request) };
    this.seen.push(seen);
    const deed = this.deeds.shift() ?? answered({});
    deed(response, seen);
  }
}
