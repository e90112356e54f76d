import type { LockMetrics, SingleLockMetric } from '../observe/event-metrics.js';
import { refuseUnknown } from '../options/validate.js';
import { METRICS } from '../protocol/wire.js';

/** What `emfMetrics` takes. */
export interface EmfOptions {
  /**
   * Writes one line, without its end.
   * @default to standard output, past `console`: in Lambda that would put a text before it
   */
  readonly write?: ((line: string) => void) | undefined;
}

/**
 * Metrics in CloudWatch's embedded metric format: a line of JSON each, from which CloudWatch makes metrics
 * on its own in Lambda, without a request. Namespace and dimension are those of the construct's metrics.
 *
 *     const factory = getLockFactory('my-locks', { metrics: emfMetrics() });
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

  /** What `write` returns, though it is to return nothing: a promise that rejects is its caller's to hear. */
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
