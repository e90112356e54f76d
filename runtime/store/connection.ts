import type { Answer } from '../core/store.js';
import type { Item } from './item.js';

/** The operations of DynamoDB that a store asks for. */
export type Operation = 'UpdateItem' | 'DeleteItem' | 'GetItem' | 'TransactWriteItems' | 'BatchGetItem' | 'Scan';

/** The members of DynamoDB's answers that a store reads. */
export interface Output {
  readonly Item?: Item | undefined;
  readonly Attributes?: Item | undefined;
  readonly Items?: readonly Item[] | undefined;
  readonly LastEvaluatedKey?: Item | undefined;
  readonly Responses?: Readonly<Record<string, readonly Item[]>> | undefined;
  readonly UnprocessedKeys?: Readonly<Record<string, { readonly Keys?: readonly Item[] | undefined }>> | undefined;
}

/** DynamoDB's error for a condition that was not met: of a write, or of an element of a transaction. */
export interface Unmet {
  readonly name: string;
  readonly Item?: Item | undefined;
  readonly CancellationReasons?:
    | readonly { readonly Code?: string | undefined; readonly Item?: Item | undefined }[]
    | undefined;
}

/** What DynamoDB answered to a request. */
export interface Reply extends Answer {
  readonly output: Output;
  /** Only if a condition was not met. Then nothing was written, and the output is empty. */
  readonly unmet?: Unmet | undefined;
}

/**
 * The port between a store and DynamoDB: its low-level interface, in JSON. `client.ts` implements it by the SDK, and
 * `light/` without.
 */
export interface Connection {
  /**
   * Sends a request, and tries again what may succeed soon, as SDK clients do. Ends when `signal` aborts.
   * @param input the members of the request, with attribute values as the SDK's low-level client takes them
   * @throws an error with the name and the properties that the SDK's would have
   */
  send(operation: Operation, input: object, signal: AbortSignal): Promise<Reply>;
  /** Endpoint and region, as far as they tell two tables of the same name apart. Sends no request. */
  place(): Promise<readonly string[]>;
}

/** A connection cannot be used as it is set up. Its message says the way out. */
export class UnusableConnection extends Error {
  override readonly name = 'UnusableConnection';
}

/** Makes one connection for each key, and one without a key, which a process shares. */
export function connectionEach<K extends object, C>(connect: (key: K | undefined) => C): (key: K | undefined) => C {
  const made = new WeakMap<object, C>();
  return (key) => {
    const known = made.get(key ?? made) ?? connect(key);
    made.set(key ?? made, known);
    return known;
  };
}
