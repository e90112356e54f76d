import { createServer } from 'node:http';
import { sleep, trueMs } from '../time.mjs';
import { Database, Refusal } from './database.mjs';

const JSON_TYPE = 'application/x-amz-json-1.0';
const TYPES = 'com.amazonaws.dynamodb.v20120810#';

/**
 * Speaks DynamoDB's protocol, and treats requests as `misfortune` says. Each worker has a port of its own, so that a
 * fault can hit one of them.
 */
export class Server {
  database = new Database();
  log = [];
  listeners = [];
  /** The copies of requests that are still on their way. */
  copies = new Set();

  constructor(misfortune) {
    this.misfortune = misfortune;
  }

  /** Resolves to the port. */
  async listen() {
    const network = this.listeners.length;
    const listener = createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => this.serve(network, request, response, Buffer.concat(chunks).toString()));
    });
    listener.keepAliveTimeout = 2_000;
    this.listeners.push(listener);
    await new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return listener.address().port;
  }

  /** From here on nothing goes wrong, and no copy of an earlier request arrives any more. */
  calm() {
    this.misfortune = undefined;
    for (const copy of this.copies) clearTimeout(copy);
    this.copies.clear();
  }

  close() {
    for (const listener of this.listeners) {
      listener.close();
      listener.closeAllConnections();
    }
  }

  async serve(network, request, response, body) {
    const action = String(request.headers['x-amz-target']).split('.').at(-1);
    const input = JSON.parse(body);
    const fate = this.misfortune?.fateOf(network, action) ?? {};
    const date = () => (this.misfortune ? this.misfortune.date(network) : new Date().toUTCString());
    const cut = () => request.socket.destroy();
    if (fate.lateMs) await sleep(fate.lateMs);
    // What came to the port while things went wrong does not land once they are over.
    if (fate.lateMs && !this.misfortune) return cut();
    if (fate.before === 'cut') return cut();
    if (fate.before === 'hang') return void setTimeout(cut, 4_000).unref();
    if (fate.before) return this.answer(response, { ...MIDDLEBOX[fate.before], date: date() });
    const carryOut = (isCopy) => this.carryOut({ network, action, input, behindMs: fate.behindMs, isCopy });
    const outcome = carryOut(false);
    for (const copyMs of fate.copiesMs ?? []) {
      const copy = setTimeout(() => {
        this.copies.delete(copy);
        carryOut(true);
      }, copyMs);
      this.copies.add(copy);
    }
    if (fate.answerMs) await sleep(fate.answerMs);
    if (fate.after === 'cut') return cut();
    if (fate.after === 'half') return this.halfAnswer(request, response, { ...outcome, date: date() });
    if (fate.after) return this.answer(response, { ...MIDDLEBOX[fate.after], date: date() });
    return this.answer(response, { ...outcome, date: date() });
  }

  carryOut({ network, action, input, behindMs, isCopy }) {
    let outcome;
    try {
      outcome = { status: 200, type: JSON_TYPE, text: JSON.stringify(this.database.answer(action, input, behindMs)) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const said = { __type: `${TYPES}${error.type}`, message: error.message, ...error.more };
      outcome = { status: error.status, type: JSON_TYPE, text: JSON.stringify(said), error: error.type };
    }
    const key = input.Key?.lockKey?.S ?? input.TransactItems?.at(-1).ConditionCheck?.Key.lockKey.S;
    if (!isCopy || !outcome.error)
      this.log.push({ atMs: trueMs(), network, action, key, isCopy, error: outcome.error });
    return outcome;
  }

  answer(response, { status, type, text, date }) {
    response.sendDate = false;
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(text), ...(date && { date }) };
    response.writeHead(status, headers).end(text);
  }

  halfAnswer(request, response, { status, type, text, date }) {
    response.sendDate = false;
    response.writeHead(status, { 'content-type': type, 'content-length': text.length + 1, ...(date && { date }) });
    response.write(text.slice(0, text.length / 2));
    setTimeout(() => request.socket.destroy(), 10).unref();
  }
}

const refusal = (status, name, message = name) => ({
  status,
  type: JSON_TYPE,
  text: JSON.stringify({ __type: `${TYPES}${name}`, message }),
});

/** Answers that have nothing to do with what the table holds. */
const MIDDLEBOX = {
  html: { status: 200, type: 'text/html', text: '<html><body>Sign in to the network</body></html>' },
  html503: { status: 503, type: 'text/html', text: '<html><body>Service Unavailable</body></html>' },
  tooLarge: { status: 413, type: 'text/plain', text: 'Request Entity Too Large' },
  empty: { status: 200, type: JSON_TYPE, text: '' },
  internal: refusal(500, 'InternalServerError'),
  throttled: refusal(400, 'ProvisionedThroughputExceededException'),
  denied: refusal(400, 'AccessDeniedException'),
  expired: refusal(400, 'ExpiredTokenException', 'The security token included in the request is expired'),
};
