interface Listener {
  readonly call: (event: object) => void;
  readonly isOnce: boolean;
}

const NONE: readonly Listener[] = [];

/**
 * An `AbortSignal` of a simulated process: as the platform's, as far as anybody here uses it, and a tenth
 * as dear. light-abort.test.ts compares the two.
 */
export class LightAbortSignal {
  aborted = false;
  reason: unknown;
  /** Replaced with each change: an abort may be going through the former ones. */
  private listeners: readonly Listener[] = NONE;

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(type: string, call: (event: object) => void, { once = false }: { once?: boolean } = {}): void {
    if (type !== 'abort') throw new TypeError(`a signal has no event "${type}"`);
    if (this.listeners.some((listener) => listener.call === call)) return;
    this.listeners = [...this.listeners, { call, isOnce: once }];
  }

  removeEventListener(_type: string, call: (event: object) => void): void {
    this.listeners = this.listeners.filter((listener) => listener.call !== call);
  }

  /** For its controller. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason === undefined ? new DOMException('This operation was aborted', 'AbortError') : reason;
    for (const listener of this.listeners) {
      // Removed meanwhile.
      if (!this.listeners.includes(listener)) continue;
      if (listener.isOnce) this.removeEventListener('abort', listener.call);
      try {
        listener.call({ type: 'abort' });
      } catch (error) {
        // As the platform does: the other listeners are called, and the process hears of it.
        process.nextTick(() => {
          throw error;
        });
      }
    }
  }
}

/** Its controller. */
export class LightAbortController {
  readonly signal = new LightAbortSignal();

  abort(reason?: unknown): void {
    this.signal.abort(reason);
  }
}
