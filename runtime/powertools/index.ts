/** cdk-lynk/runtime/powertools: locks that log and count by Powertools for AWS Lambda. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { LockMetrics, SingleLockMetric } from '../observe/event-metrics.js';
import type { LockAttempt } from '../observe/events.js';
import { refuseUnknown } from '../options/validate.js';
import { METRICS } from '../protocol/wire.js';

/** What `lockPowertools` takes. */
export interface LockPowertoolsOptions {
  /**
   * Your function's own logger. Where it has been given the invocation's context (`addContext`, or
   * `injectLambdaContext`), the lines of locks bear its request id, cold start and correlation id too.
   * @default a new one
   */
  readonly logger?: Logger | undefined;
  /**
   * For the default logger, and beside each metric.
   * @default the environment variable `POWERTOOLS_SERVICE_NAME`
   */
  readonly serviceName?: string | undefined;
}

/** Options for `getLockFactory`. */
export interface LockPowertools {
  readonly logger: Logger;
  readonly metrics: LockMetrics;
}

/**
 * A logger and metrics for `getLockFactory`:
 *
 *     const factory = getLockFactory('my-locks', { ...lockPowertools({ logger }), leaseSeconds: 10 });
 *
 * The metrics have the namespace and the dimension of the construct's metrics and alarms, whatever those of
 * your own metrics are; service, correlation id, request id and cold start stand beside each, to search by.
 * @throws LockOptionError
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
  /** The first invocation that is seen is the one that the sandbox was started for, unless it was provisioned. */
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
    // Powertools has it from 2.17 on.
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
