import { appendFileSync } from 'node:fs';
import type { Logger } from '../../runtime/index.js';

/** One line of the event log. */
export interface Logged {
  readonly atMs: number;
  readonly who: string;
  /** A `lockEvent` of the client's log, or what else became of the worker. */
  readonly what: string;
  readonly leaseSeconds?: number;
  readonly takenOverFrom?: string;
}

/** Writes a line, at once: whoever is killed next has written it. */
export function log(path: string, line: Omit<Logged, 'atMs'>): void {
  // Of a clock that all processes of this machine share.
  const atMs = performance.timeOrigin + performance.now();
  appendFileSync(path, `${JSON.stringify({ atMs, ...line })}\n`);
}

/** The client's own log, as lines of the event log; where there is none, only its warnings. */
export function lockLogger(who: string, path = process.env['EVENT_LOG']): Logger {
  const write = (_: string, details: Record<string, unknown>): void => {
    const { lockEvent, leaseSeconds, takenOverFrom } = details as { lockEvent?: string } & Partial<Logged>;
    if (path !== undefined && lockEvent !== undefined) {
      log(path, {
        who,
        what: lockEvent,
        ...(leaseSeconds && { leaseSeconds }),
        ...(takenOverFrom && { takenOverFrom }),
      });
    }
  };
  const warn: Logger['warn'] = (message, details) => {
    console.warn(message);
    write(message, details);
  };
  return { warn, info: write, debug: write };
}
