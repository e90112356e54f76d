import { LockTableError, LockUnavailableError } from '../errors.js';
import { METRICS } from '../protocol/wire.js';
import { type LockAsking, type LockEvent, type LockObserver, unheard } from './events.js';

/**
 * Where metrics go. The Metrics of Powertools for AWS Lambda fits as it is, and so does `emfMetrics()`,
 * which needs no package.
 */
export interface LockMetrics {
  /** A metric apart from all others, with its own dimensions, sent as soon as its value is added. */
  singleMetric(asking: LockAsking): SingleLockMetric;
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
export class MetricLines implements LockObserver {
  constructor(private readonly metrics: LockMetrics) {}

  onLockEvent(event: LockEvent): void {
    const { asking } = event;
    switch (event.type) {
      case 'acquired':
        this.count(asking, METRICS.lockAcquired);
        this.time(asking, METRICS.lockWaitTime, event.waitSeconds);
        if (event.takenOverFrom !== undefined) this.count(asking, METRICS.lockTakenOver);
        break;
      case 'not-granted':
        this.count(asking, isOutage(event.error) ? METRICS.lockUnavailable : METRICS.lockNotGranted);
        this.time(asking, METRICS.lockWaitTime, event.waitSeconds);
        break;
      case 'lost':
        this.count(asking, METRICS.lockLost);
        this.time(asking, METRICS.lockHeldTime, event.heldSeconds);
        break;
      case 'lapsed':
      case 'released':
      case 'release-failed':
      case 'handed-over':
        this.time(asking, METRICS.lockHeldTime, event.heldSeconds);
        break;
      default:
    }
  }

  private count(asking: LockAsking, name: string): void {
    this.add(asking, name, 'Count', 1);
  }

  private time(asking: LockAsking, name: string, seconds: number): void {
    this.add(asking, name, 'Seconds', Math.round(seconds * 1000) / 1000);
  }

  private add(asking: LockAsking, name: string, unit: 'Count' | 'Seconds', value: number): void {
    const metric = unheard(this.metrics.singleMetric(asking));
    unheard(metric.clearDefaultDimensions?.());
    // Where the table was given by its ARN, the construct's metrics still go by its name.
    const tableName = asking.tableName.slice(asking.tableName.lastIndexOf('/') + 1);
    unheard(metric.addDimension(METRICS.dimension, tableName));
    unheard(metric.addMetadata?.('lockName', asking.lockName));
    unheard(metric.addMetadata?.('hostIdentifier', asking.hostIdentifier));
    unheard(metric.addMetric(name, unit, value));
  }
}

/** Whether the table could not be asked, for now or for good: that says nothing of who holds the lock. */
function isOutage(error: unknown): boolean {
  return error instanceof LockUnavailableError || error instanceof LockTableError;
}
