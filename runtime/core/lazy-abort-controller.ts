import { newController } from './abort.js';

/**
 * An `AbortController` whose signal is made when first asked for: a signal takes as much memory as all the rest
 * of a hold, and most holds end without anybody having asked for theirs.
 */
export class LazyAbortController {
  private controller: AbortController | undefined;
  /** What it was aborted with, the first time. */
  private ending: { readonly reason: unknown } | undefined;

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = newController();
      if (this.ending) this.controller.abort(this.ending.reason);
    }
    return this.controller.signal;
  }

  get isAborted(): boolean {
    return this.ending !== undefined;
  }

  /** Further calls do nothing. */
  abort(reason: unknown): void {
    if (this.ending) return;
    this.ending = { reason };
    this.controller?.abort(reason);
  }
}
