import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';

/** A certificate for localhost and its key, of no use elsewhere. */
export const PEM = resolve('test/runtime/light/localhost.pem');

/** Serves over TLS what a server without it answers. Resolves to its endpoint. */
export async function frontOf(endpoint: string): Promise<string> {
  const pem = readFileSync(PEM);
  const front = createServer({ cert: pem, key: pem }, (asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request(`${endpoint}${url}`, { method, headers }, (got) => {
      answer.writeHead(got.statusCode ?? 0, got.headers);
      got.pipe(answer);
    });
    asked.pipe(passed);
  });
  await new Promise<void>((listening) => front.listen(0, '127.0.0.1', listening));
  front.unref();
  return `https://localhost:${(front.address() as AddressInfo).port}`;
}
