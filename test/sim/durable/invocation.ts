import type { Sandbox } from './sandbox.js';

/** One invocation of an execution's function. */
export class Invocation {
  /** Whether its handler has ended, or it was suspended. A zombie's has not. */
  isOver = false;
  /** Steps that run, and checkpoints that are not answered. While there are any, it is not suspended. */
  active = 0;
  /** What else it waits for: the service tells it when that is over. */
  readonly pending = new Set<string>();

  constructor(
    readonly number: number,
    readonly sandbox: Sandbox,
  ) {}
}
