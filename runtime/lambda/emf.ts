import type { LockMetrics, SingleLockMetric } from '../observe/event-metrics.js';
import { refuseUnknown } from '../options/validate.js';
import { METRICS } from '../protocol/wire.js';

/** What `emfMetrics` takes. */
export interface EmfOptions {
  /**
   * Writes one line; the line break is not in it. What it returns is ignored.
   * @default writes to standard output, and not by `console`, as Lambda's `console` puts a prefix before the line
   */
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * Metrics in CloudWatch's embedded metric format. Each is a line of JSON in the function's log, from which CloudWatch
 * makes the metric: no request is sent. Namespace and dimension are those of the construct's metrics and alarms.
 * @throws LockOptionError if an option is unknown
 * @example
 * import { emfMetrics, getLockFactory } from 'cdk-lynk/runtime';
 *
 * export const factory = getLockFactory('my-locks', { metrics: emfMetrics() });
 */
export function emfMetrics(options: EmfOptions = {}): LockMetrics {
  refuseUnknown(options, ['write'], 'emfMetrics');
  const { write = toStandardOutput } = options;
  return { singleMetric: () => new EmfMetric(write) };
}

class EmfMetric implements SingleLockMetric {
  private readonly dimensions: Record<string, string> = {};
  private readonly metadata: Record<string, string> = {};

  constructor(private readonly write: (line: string) => void) {}

  addDimension(name: string, value: string): void {
    this.dimensions[name] = value;
  }

  addMetadata(key: string, value: string): void {
    this.metadata[key] = value;
  }

  /** Returns what `write` returned. It may be a promise that rejects, which the caller handles. */
  addMetric(name: string, unit: string, value: number): unknown {
    const definition = {
      Namespace: METRICS.namespace,
      Dimensions: [Object.keys(this.dimensions)],
      Metrics: [{ Name: name, Unit: unit }],
    };
    const _aws = { Timestamp: Date.now(), CloudWatchMetrics: [definition] };
    return this.write(JSON.stringify({ _aws, ...this.metadata, ...this.dimensions, [name]: value }));
  }
}

function toStandardOutput(line: string): void {
  process.stdout.write(`${line}\n`);
}
