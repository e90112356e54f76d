import { LockNotGrantedError, LockUnavailableError } from '../errors.js';
import type { LockEvent, LockObserver } from './events.js';
import { type HarmlessLogger, type Line, lineDetails, lossLine, toMilliseconds } from './logger.js';

/**
 * Writes one line for each event. A lock that was lost, or nearly lost, is a warning. What tells who had a lock and
 * when is information. The rest is for debugging.
 */
export class EventLogger implements LockObserver {
  constructor(private readonly logger: HarmlessLogger) {}

  onLockEvent(event: LockEvent): void {
    const { lockName, tableName } = event.attempt;
    const [level, text, details] = lineOf(event);
    // The message of one of our errors names the lock already.
    const isWhole = /^(?:lock|permit|semaphore) "/.test(text);
    const line = isWhole ? text : `lock ${JSON.stringify(lockName)} in table "${tableName}" ${text}`;
    this.logger[level](line, { ...lineDetails(event), ...inMilliseconds(details) });
  }
}

function lineOf(event: LockEvent): Line {
  switch (event.type) {
    case 'requested':
      return ['debug', 'was requested'];
    case 'waiting': {
      const { holder } = event;
      return ['info', `is waited for${holder ? `: held by ${holder}` : ''}`, { holder }];
    }
    case 'acquired': {
      const { waitSeconds, attempts, takenOverFrom } = event;
      const waited = `after ${seconds(waitSeconds)}`;
      if (takenOverFrom === undefined) return ['info', `was acquired ${waited}`, { waitSeconds, attempts }];
      const text = `was taken over ${waited} from ${takenOverFrom}, which neither released nor refreshed it`;
      return ['info', text, { waitSeconds, attempts, takenOverFrom }];
    }
    case 'not-granted': {
      const { waitSeconds, attempts, holder, error } = event;
      const why = holder ? `held by ${holder}` : String(error);
      const isWhole = error instanceof LockNotGrantedError || error instanceof LockUnavailableError;
      const text = isWhole ? error.message : `was not granted after ${seconds(waitSeconds)}: ${why}`;
      return ['info', text, { waitSeconds, attempts, holder, error }];
    }
    case 'served': {
      const { waitSeconds, attempts } = event;
      return [
        'info',
        `was not needed after ${seconds(waitSeconds)}: another caller's result is used`,
        { waitSeconds, attempts },
      ];
    }
    case 'refreshed':
      return ['debug', 'was refreshed', { remainingSeconds: event.remainingSeconds }];
    case 'refreshed-late': {
      const { lateSeconds, remainedSeconds } = event;
      const text = `was refreshed ${seconds(lateSeconds)} late: it would have been lost in ${seconds(remainedSeconds)}`;
      return ['warn', text, { lateSeconds, remainedSeconds }];
    }
    case 'refresh-failed': {
      const { error, remainingSeconds } = event;
      return ['debug', `was not refreshed; it is tried again: ${error}`, { error, remainingSeconds }];
    }
    case 'lost':
      return lossLine(event);
    case 'lapsed': {
      const { error, heldSeconds } = event;
      return ['info', `${error.message}; no work was running`, { reason: error.reason, heldSeconds }];
    }
    case 'released':
      return ['info', `was released after ${seconds(event.heldSeconds)}`, { heldSeconds: event.heldSeconds }];
    case 'release-failed': {
      // Not a warning: the caller of the release gets the error. If there is no caller, the hold itself warns.
      const { error, heldSeconds } = event;
      return ['debug', `was released, but without confirmation: ${error}`, { error, heldSeconds }];
    }
    case 'handed-over':
      return ['info', `was handed over after ${seconds(event.heldSeconds)}`, { heldSeconds: event.heldSeconds }];
  }
}

function inMilliseconds(details: Line[2] = {}): Record<string, unknown> {
  const rounded = (value: unknown): unknown => (typeof value === 'number' ? toMilliseconds(value) : value);
  return Object.fromEntries(Object.entries(details).map(([name, value]) => [name, rounded(value)]));
}

function seconds(value: number): string {
  return `${toMilliseconds(value)} s`;
}
