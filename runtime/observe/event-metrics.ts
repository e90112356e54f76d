import { LockTableError, LockUnavailableError } from '../errors.js';
import { METRICS } from '../protocol/wire.js';
import { type LockAttempt, type LockEvent, type LockObserver, unheard } from './events.js';

/**
 * Where metrics go. The Metrics of Powertools for AWS Lambda fits as it is, and so does `emfMetrics()`,
 * which needs no package.
 */
export interface LockMetrics {
  /** A metric apart from all others, with its own dimensions, sent as soon as its value is added. */
  singleMetric(attempt: LockAttempt): SingleLockMetric;
}

/** One value on its way. */
export interface SingleLockMetric {
  /** Called before `addMetric`: what the value is told apart by. */
  addDimension(name: string, value: string): unknown;
  /** Adds the value, and sends it. */
  addMetric(name: string, unit: 'Count' | 'Seconds', value: number): unknown;
  /** Searchable beside the metric, but no part of it. */
  addMetadata?(key: string, value: string): unknown;
  /** Called first: the construct's metrics are by table alone, and would not show one that is by service too. */
  clearDefaultDimensions?(): unknown;
}

/** Counts and times what happens to locks, under the names that the construct's metrics and alarms have. */
export class EventMetrics implements LockObserver {
  constructor(private readonly metrics: LockMetrics) {}

  onLockEvent(event: LockEvent): void {
    const { attempt } = event;
    switch (event.type) {
      case 'acquired':
        this.count(attempt, METRICS.lockAcquired);
        this.time(attempt, METRICS.lockWaitTime, event.waitSeconds);
        if (event.takenOverFrom !== undefined) this.count(attempt, METRICS.lockTakenOver);
        break;
      case 'not-granted':
        this.count(attempt, isOutage(event.error) ? METRICS.lockUnavailable : METRICS.lockNotGranted);
        this.time(attempt, METRICS.lockWaitTime, event.waitSeconds);
        break;
      case 'lost':
        this.count(attempt, METRICS.lockLost);
        this.time(attempt, METRICS.lockHeldTime, event.heldSeconds);
        break;
      case 'lapsed':
      case 'released':
      case 'release-failed':
      case 'handed-over':
        this.time(attempt, METRICS.lockHeldTime, event.heldSeconds);
        break;
      default:
    }
  }

  private count(attempt: LockAttempt, name: string): void {
    this.add(attempt, name, 'Count', 1);
  }

  private time(attempt: LockAttempt, name: string, seconds: number): void {
    this.add(attempt, name, 'Seconds', Math.round(seconds * 1000) / 1000);
  }

  private add(attempt: LockAttempt, name: string, unit: 'Count' | 'Seconds', value: number): void {
    const metric = unheard(this.metrics.singleMetric(attempt));
    unheard(metric.clearDefaultDimensions?.());
    // Where the table was given by its ARN, the construct's metrics still go by its name.
    const tableName = attempt.tableName.slice(attempt.tableName.lastIndexOf('/') + 1);
    unheard(metric.addDimension(METRICS.dimension, tableName));
    unheard(metric.addMetadata?.('lockName', attempt.lockName));
    unheard(metric.addMetadata?.('hostIdentifier', attempt.hostIdentifier));
    unheard(metric.addMetric(name, unit, value));
  }
}

/** Whether the table could not be asked, for now or for good: that says nothing of who holds the lock. */
function isOutage(error: unknown): boolean {
  return error instanceof LockUnavailableError || error instanceof LockTableError;
}
