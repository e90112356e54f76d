import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '../../../runtime/index.js';
import { LightAbortController, LightAbortSignal } from './light-abort.js';

/** One schedule in so many runs on an unmodified Node. */
const WHOLE_NODE_EVERY = 16;

const whole = { AbortController, AbortSignal };
const { run } = AsyncLocalStorage.prototype;
const { warn } = console;

/** The Node environment of the processes in a schedule. */
export interface NodeHost {
  /** Undefined if the schedule logs nothing. */
  readonly logger?: Logger;
  /** Undoes all changes. */
  restore(): void;
}

/**
 * Prepares Node for a schedule. Asynchronous contexts, the platform's abort signals and log lines are slow, so most
 * schedules run without contexts and logs, and with light signals. Contexts make no difference to a schedule, because no
 * caller asks for a lock while it holds it. One schedule in sixteen runs on unmodified Node, in case they do.
 */
function prepareNode(seed: number): NodeHost {
  const prototype = AsyncLocalStorage.prototype as { run: unknown };
  const used = new Set<AsyncLocalStorage<unknown>>();
  const isWhole = seed % WHOLE_NODE_EVERY === 0;
  if (isWhole) {
    prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: Parameters<typeof run>): unknown {
      used.add(this);
      return run.apply(this, args);
    };
  } else {
    prototype.run = (_store: unknown, work: (...args: readonly unknown[]) => unknown, ...args: readonly unknown[]) =>
      work(...args);
    Object.assign(globalThis, { AbortController: LightAbortController, AbortSignal: LightAbortSignal });
    // The client reports losses here if it has no logger.
    console.warn = () => {};
  }
  const restore = (): void => {
    prototype.run = run;
    Object.assign(globalThis, whole);
    console.warn = warn;
    // Once a context was used, Node tracks contexts for every promise until the storage is disabled.
    for (const storage of used) storage.disable();
  };
  return { ...(isWhole && { logger: { warn: () => {}, debug: () => {} } }), restore };
}

/** Runs a schedule on the parts of Node.js that its seed has. */
export async function onNode<T>(seed: number, run: (host: NodeHost) => Promise<T>): Promise<T> {
  const host = prepareNode(seed);
  try {
    return await run(host);
  } finally {
    host.restore();
  }
}
