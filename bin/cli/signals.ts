import { constants } from 'node:os';

/** Signals by which people and machines ask a process to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The number of a signal, for exit codes. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** The reason of an abort by a signal that was sent to this process. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  constructor(readonly sent: NodeJS.Signals) {
    super(`ended by ${sent}`);
  }
}

interface Interruptible {
  readonly signal: AbortSignal;
  /** From now on, a signal neither aborts nor ends this process. */
  disarm(): void;
  stop(): void;
}

/** Aborts with an `Interruption` at an ending signal. `stop` removes the handlers. */
export function onceInterrupted(): Interruptible {
  const controller = new AbortController();
  let isArmed = true;
  const onSignal = (sent: NodeJS.Signals): void => {
    if (isArmed) controller.abort(new Interruption(sent));
  };
  for (const name of ENDING_SIGNALS) process.on(name, onSignal);
  return {
    signal: controller.signal,
    disarm: () => {
      isArmed = false;
    },
    stop: () => {
      for (const name of ENDING_SIGNALS) process.off(name, onSignal);
    },
  };
}
