import { pathToFileURL } from 'node:url';

/**
 * Invokes a handler as a sandbox of its own would, and prints what it answers. Arguments: the handler's module,
 * the event as JSON.
 */
const [path = '', event = '{}'] = process.argv.slice(2);
const { handler } = (await import(pathToFileURL(path).href)) as {
  handler(event: unknown, context: object): Promise<unknown>;
};
const endsAtMs = Date.now() + 90_000;
const context = { awsRequestId: `request-${process.pid}`, getRemainingTimeInMillis: () => endsAtMs - Date.now() };
console.log(JSON.stringify(await handler(JSON.parse(event), context)));
