import { LockTableError, LockUnavailableError } from '../errors.js';
import { METRICS } from '../protocol/wire.js';
import { type LockAttempt, type LockEvent, type LockObserver, unheard } from './events.js';

/**
 * Where metrics go. `emfMetrics()` is one, which needs no other package. The Metrics of Powertools for AWS Lambda
 * fits too.
 */
export interface LockMetrics {
  /** Makes a metric with dimensions of its own, which is sent when its value is added. */
  singleMetric(attempt: LockAttempt): SingleLockMetric;
}

/** One metric, which gets one value. */
export interface SingleLockMetric {
  /**
   * Adds a dimension. Called before `addMetric`.
   * @param name the dimension's
   * @param value what it is for this metric
   */
  addDimension(name: string, value: string): unknown;
  /**
   * Sets the value, and sends the metric.
   * @param name the metric's
   * @param unit of the value
   * @param value what was counted or measured
   */
  addMetric(name: string, unit: 'Count' | 'Seconds', value: number): unknown;
  /**
   * Adds a value that logs can be searched by, but that is no dimension. Called before `addMetric`.
   * @param key what it is found by
   * @param value as text
   */
  addMetadata?(key: string, value: string): unknown;
  /** Removes the default dimensions. Called first: the construct's metrics have the table as their only dimension. */
  clearDefaultDimensions?(): unknown;
}

/** Sends counts and times of what happens to locks, under the names that the construct's metrics and alarms use. */
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
    // The table may be given by its ARN; the construct's metrics have its name.
    const tableName = attempt.tableName.slice(attempt.tableName.lastIndexOf('/') + 1);
    unheard(metric.addDimension(METRICS.dimension, tableName));
    unheard(metric.addMetadata?.('lockName', attempt.lockName));
    unheard(metric.addMetadata?.('hostIdentifier', attempt.hostIdentifier));
    unheard(metric.addMetric(name, unit, value));
  }
}

/** Whether DynamoDB did not answer, or the table cannot be used: then it is not known who holds the lock. */
function isOutage(error: unknown): boolean {
  return error instanceof LockUnavailableError || error instanceof LockTableError;
}
