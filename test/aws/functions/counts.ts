import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

/** DynamoDB's operations, and how many requests of each were sent. */
export type Counts = Readonly<Record<string, number>>;

let counts: Record<string, number> = {};
// The SDK and the light client both send by Node's own `http`.
subscribe('http.client.request.start', (message) => {
  const target = (message as { readonly request: ClientRequest }).request.getHeader('x-amz-target');
  const operation = String(target ?? '').split('.')[1];
  if (operation) counts[operation] = (counts[operation] ?? 0) + 1;
});

/** The requests of this process since the last call. */
export function takeCounts(): Counts {
  const taken = counts;
  counts = {};
  return taken;
}
