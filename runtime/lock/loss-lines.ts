import type { LockEvent, LockLostEvent, LockObserver } from './events.js';
import type { HarmlessLogger } from './logger.js';

/** What is written of an event, besides what is written of all. */
export type Line = readonly [level: keyof HarmlessLogger, text: string, details?: Record<string, unknown>];

/** Writes only what must not go unheard: lost locks. What a factory without a logger has. */
export class LossLines implements LockObserver {
  constructor(private readonly logger: HarmlessLogger) {}

  onLockEvent(event: LockEvent): void {
    if (event.type === 'lost') writeLoss(this.logger, event);
  }
}

export function writeLoss(logger: HarmlessLogger, event: LockLostEvent): void {
  const [level, text, details] = lossLine(event);
  logger[level](text, detailsOf(event, details));
}

export function lossLine({ error, heldSeconds }: LockLostEvent): Line {
  return ['warn', error.message, { reason: error.reason, heldSeconds, cause: error.cause }];
}

/** What a line says of whose event it is, and of the event. A clock's microseconds are of no use in a log. */
export function detailsOf({ type, asking }: LockEvent, details: Line[2] = {}): Record<string, unknown> {
  const { requestId, ...whose } = asking;
  const rounded = Object.entries(details).map(([name, value]) => [
    name,
    typeof value === 'number' ? toMilliseconds(value) : value,
  ]);
  return { lockEvent: type, ...whose, ...(requestId !== undefined && { requestId }), ...Object.fromEntries(rounded) };
}

/** Of a number of seconds, the whole milliseconds. */
export function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
