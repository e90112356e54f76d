import { setMaxListeners } from 'node:events';

/** This process's one listener to a signal, however many calls share that signal. */
interface Listener {
  (): void;
  readonly callbacks: Set<() => void>;
}

const listeners = new WeakMap<AbortSignal, Listener>();

/** Calls back once when the signal aborts, or now if it has aborted; not after the returned function was called. */
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

/** A controller whose signal may be given to any number of requests: Node takes more than ten listeners for a leak. */
export function newController(): AbortController {
  const controller = new AbortController();
  try {
    if (isCounted) setMaxListeners(Infinity, controller.signal);
  } catch {
    // Not Node's own signal but, say, jsdom's: nobody counts its listeners. Trying again would be slow.
    isCounted = false;
  }
  return controller;
}

/** The promise's outcome, or a rejection with the signal's reason as soon as that aborts. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = whenAborted(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(stop);
  });
}
