/**
 * Where the library reports what no caller is waiting to hear. `console` fits, and so does the Logger of
 * Powertools for AWS Lambda. Messages name lock and table; `details` is plain data.
 */
export interface Logger {
  warn(message: string, details?: Record<string, unknown>): void;
  debug(message: string, details?: Record<string, unknown>): void;
}

/** Warnings to the console, nothing else. */
export const consoleLogger: Logger = {
  warn: (message, details) => console.warn(message, details ?? ''),
  debug: () => {},
};
