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
  logger[level](text, { ...lineDetails(event), ...details });
}

export function lossLine({ error, heldSeconds }: LockLostEvent): Line {
  const details = { reason: error.reason, heldSeconds: toMilliseconds(heldSeconds), cause: error.cause };
  return ['warn', error.message, details];
}

/** What every line says of whose event it is. */
export function lineDetails({ type, attempt }: LockEvent): Record<string, unknown> {
  const { requestId, ...whose } = attempt;
  return { lockEvent: type, ...whose, ...(requestId !== undefined && { requestId }) };
}

/** Of a number of seconds, the whole milliseconds: a clock's microseconds are of no use in a log. */
export function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
