import { constants } from 'node:os';

/** Signals by which people and machines ask a process to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** The number of a signal, as exit codes are made of. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** A signal that was sent to this process, as the reason of an abort. */
export class Interruption extends Error {
  override readonly name = 'Interruption';

  constructor(readonly sent: NodeJS.Signals) {
    super(`ended by ${sent}`);
  }
}

interface Interruptible {
  readonly signal: AbortSignal;
  /** From now on a signal is somebody else's to act on; it does not end this process either. */
  disarm(): void;
  stop(): void;
}

/** Aborts with an `Interruption` when this process is asked to end, until stopped. */
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
