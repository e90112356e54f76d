import { harmlessly, type LockEvent, type LockLostEvent, type LockObserver } from './events.js';

/**
 * Where the library writes its log lines. `console` fits, and so does the Logger of Powertools for AWS Lambda.
 * Each message names the lock and the table; `details` is plain data, and may have an `Error` in it.
 */
export interface Logger {
  /** Gets what somebody should look at: a lock was lost, or nearly lost, or its release was not confirmed. */
  warn(message: string, details: Record<string, unknown>): void;
  /** Gets who had a lock and when. A logger without `info` gets these lines by `debug`. */
  info?(message: string, details: Record<string, unknown>): void;
  /** Gets what happens all the time, such as refreshes. */
  debug(message: string, details: Record<string, unknown>): void;
}

/** A logger whose errors go no further. */
export type HarmlessLogger = Required<Logger>;

export function harmless(logger: Logger): HarmlessLogger {
  return {
    warn: (message, details) => harmlessly(() => logger.warn(message, details)),
    info: (message, details) =>
      harmlessly(() => (logger.info ? logger.info(message, details) : logger.debug(message, details))),
    debug: (message, details) => harmlessly(() => logger.debug(message, details)),
  };
}

/** Writes warnings to the console, and nothing else. */
export const consoleLogger: HarmlessLogger = {
  warn: (message, details) => harmlessly(() => console.warn(message, details)),
  info: () => {},
  debug: () => {},
};

/** The part of a log line that depends on the event's type. */
export type Line = readonly [level: keyof HarmlessLogger, text: string, details?: Record<string, unknown>];

/** Logs lost locks to the console, and nothing else. A factory without a logger has this one. */
export const lossLogger: LockObserver = {
  onLockEvent: (event) => {
    if (event.type === 'lost') logLoss(event);
  },
};

export function logLoss(event: LockLostEvent): void {
  const [level, text, details] = lossLine(event);
  consoleLogger[level](text, { ...lineDetails(event), ...details });
}

export function lossLine({ error, heldSeconds }: LockLostEvent): Line {
  const details = { reason: error.reason, heldSeconds: toMilliseconds(heldSeconds), cause: error.cause };
  return ['warn', error.message, details];
}

/** The details that every line has: the event's type, and whose event it is. */
export function lineDetails({ type, attempt }: LockEvent): Record<string, unknown> {
  const { requestId, ...rest } = attempt;
  return { lockEvent: type, ...rest, ...(requestId !== undefined && { requestId }) };
}

/** Seconds, rounded to milliseconds: a log needs no microseconds. */
export function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
