import { harmlessly } from './events.js';

/**
 * Where the library reports what no caller is waiting to hear. `console` fits, and so does the Logger of
 * Powertools for AWS Lambda. Messages name lock and table; `details` is plain data, but for errors.
 */
export interface Logger {
  /** A lock was lost, or nearly so, or given back without confirmation. */
  warn(message: string, details: Record<string, unknown>): void;
  /** Without it, what it would have got goes to `debug`. */
  info?(message: string, details: Record<string, unknown>): void;
  /** What happens all the time: refreshes, above all. */
  debug(message: string, details: Record<string, unknown>): void;
}

/** A logger that can do no harm: what it throws goes no further. */
export type HarmlessLogger = Required<Logger>;

export function harmless(logger: Logger): HarmlessLogger {
  return {
    warn: (message, details) => harmlessly(() => logger.warn(message, details)),
    info: (message, details) =>
      harmlessly(() => (logger.info ? logger.info(message, details) : logger.debug(message, details))),
    debug: (message, details) => harmlessly(() => logger.debug(message, details)),
  };
}

/** Warnings to the console, nothing else. */
export const consoleLogger: HarmlessLogger = {
  warn: (message, details) => harmlessly(() => console.warn(message, details)),
  info: () => {},
  debug: () => {},
};
