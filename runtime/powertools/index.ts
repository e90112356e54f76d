/** cdk-lynk/runtime/powertools: log lines and metrics of locks by Powertools for AWS Lambda. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { LockMetrics, SingleLockMetric } from '../observe/event-metrics.js';
import type { LockAttempt } from '../observe/events.js';
import { refuseUnknown } from '../options/validate.js';
import { METRICS } from '../protocol/wire.js';

/** What `lockPowertools` takes. */
export interface LockPowertoolsOptions {
  /**
   * Your function's own logger. If it has the invocation's context (`addContext`, `injectLambdaContext`), the lines
   * about locks have its request id, cold start and correlation id too.
   * @default a new logger
   */
  readonly logger?: Logger | undefined;
  /**
   * The service's name, for the default logger and as metadata of each metric.
   * @default the environment variable `POWERTOOLS_SERVICE_NAME`
   */
  readonly serviceName?: string | undefined;
}

/** Options for `getLockFactory`. */
export interface LockPowertools {
  /** The logger given, or a new one. */
  readonly logger: Logger;
  /** Metrics by Powertools, in the namespace of the construct's metrics. */
  readonly metrics: LockMetrics;
}

/**
 * Makes a logger and metrics for `getLockFactory`. The metrics have the namespace and the dimension of the construct's
 * metrics and alarms, independent of your own metrics. Their metadata have the service, correlation id, request id and
 * cold start.
 * @throws LockOptionError if an option is unknown
 * @example
 * ```ts
 * import { Logger } from '@aws-lambda-powertools/logger';
 * import { getLockFactory } from 'cdk-lynk/runtime';
 * import { lockPowertools } from 'cdk-lynk/runtime/powertools';
 *
 * const logger = new Logger({ serviceName: 'billing' });
 * export const factory = getLockFactory('my-locks', { ...lockPowertools({ logger }), leaseSeconds: 10 });
 * ```
 */
export function lockPowertools(options: LockPowertoolsOptions = {}): LockPowertools {
  refuseUnknown(options, ['logger', 'serviceName'], 'lockPowertools');
  const { serviceName } = options;
  const service = serviceName === undefined ? {} : { serviceName };
  const logger = options.logger ?? new Logger(service);
  const metrics = new Metrics({ ...service, namespace: METRICS.namespace, logger });
  return { logger, metrics: new LabelledMetrics(metrics, logger, serviceName) };
}

class LabelledMetrics implements LockMetrics {
  /** The first invocation seen is the cold start, unless the sandbox's concurrency was provisioned. */
  private coldStartId: string | undefined;

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
    private readonly serviceName: string | undefined,
  ) {}

  singleMetric({ requestId }: LockAttempt): SingleLockMetric {
    const metric = this.metrics.singleMetric();
    const service = this.serviceName ?? process.env['POWERTOOLS_SERVICE_NAME'];
    if (service !== undefined) metric.addMetadata('service', service);
    // Powertools before 2.17 does not have it.
    const correlationId = this.logger.getCorrelationId?.();
    if (typeof correlationId === 'string') metric.addMetadata('correlation_id', correlationId);
    if (requestId !== undefined) {
      this.coldStartId ??= process.env['AWS_LAMBDA_INITIALIZATION_TYPE'] === 'on-demand' ? requestId : 'none';
      metric.addMetadata('function_request_id', requestId);
      metric.addMetadata('cold_start', String(requestId === this.coldStartId));
    }
    return metric;
  }
}
