import { setMaxListeners } from 'node:events';

/** This process's one listener to a signal, however many calls that is given to. */
interface Listener {
  (): void;
  readonly callbacks: Set<() => void>;
}

const listeners = new WeakMap<AbortSignal, Listener>();

/** Calls back once when the signal aborts, at once where it has, until the returned function is called. */
export function whenAborted(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  const listener = listeners.get(signal) ?? listenTo(signal);
  listener.callbacks.add(callback);
  return () => {
    listener.callbacks.delete(callback);
    if (listener.callbacks.size > 0 || listeners.get(signal) !== listener) return;
    listeners.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}

function listenTo(signal: AbortSignal): Listener {
  const callbacks = new Set<() => void>();
  const tell = (): void => {
    listeners.delete(signal);
    for (const each of callbacks) each();
  };
  const listener = Object.assign(tell, { callbacks });
  listeners.set(signal, listener);
  signal.addEventListener('abort', listener, { once: true });
  return listener;
}

/** Whether Node counts the listeners of this process's signals. */
let isCounted = true;

/** A controller whose signal may be given to any number of requests: Node warns of more than ten listeners as of a leak. */
export function newController(): AbortController {
  const controller = new AbortController();
  try {
    if (isCounted) setMaxListeners(Infinity, controller.signal);
  } catch {
    // Another's in place of Node's, such as that of jsdom: nobody counts its listeners. To find that out is slow.
    isCounted = false;
  }
  return controller;
}

/** The promise's outcome, or where there is a signal a rejection with its reason as soon as it aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = whenAborted(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}
