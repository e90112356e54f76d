import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '../../../runtime/index.js';
import { LightAbortController, LightAbortSignal } from './light-abort.js';

/** One schedule in so many has Node as it is. */
const WHOLE_NODE_EVERY = 16;

const whole = { AbortController, AbortSignal };
const { run } = AsyncLocalStorage.prototype;
const { warn } = console;

/** What the processes of a schedule find around them. */
export interface NodeHost {
  /** Nothing is logged without it. */
  readonly logger?: Logger;
  /** Makes it as it was. */
  restore(): void;
}

/**
 * Makes ready what the processes of a schedule find in Node. Asynchronous contexts make every promise dear,
 * and the platform's abort signals are, and log lines; so most schedules do without the first and the last,
 * and have lighter signals. No caller of a schedule asks for a lock inside of its own work on it, so
 * contexts make no difference, but by mistake: one schedule in sixteen would show that.
 */
export function prepareNode(seed: number): NodeHost {
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
    // Where there is no logger, losses are told here.
    console.warn = () => {};
  }
  const restore = (): void => {
    prototype.run = run;
    Object.assign(globalThis, whole);
    console.warn = warn;
    // Once there was a context, Node follows them all until told that nobody asks.
    for (const storage of used) storage.disable();
  };
  return { ...(isWhole && { logger: { warn: () => {}, debug: () => {} } }), restore };
}
