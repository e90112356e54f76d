import {
  DEFAULT_CLOCK_TOLERANCE_SECONDS,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_WAIT_SECONDS,
  type LocksSettings,
} from '../acquire/lock-client.js';
import { EventLogger } from '../observe/event-logger.js';
import { EventMetrics, type LockMetrics } from '../observe/event-metrics.js';
import type { LockObserver } from '../observe/events.js';
import { consoleLogger, harmless, type Logger } from '../observe/logger.js';
import { LossLines } from '../observe/loss-lines.js';
import { ObserverReporter } from '../observe/observer-reporter.js';
import { Reporter } from '../observe/reporter.js';
import { DEFAULT_MAX_INVOCATION_LEASE_SECONDS } from '../options/invocation-lease.js';
import type { FactorySettings } from '../options/options.js';
import {
  check,
  checkedFencing,
  checkedHost,
  checkedLease,
  checkedMaxInvocationLease,
  checkedTolerance,
  checkedWait,
  isAble,
} from '../options/validate.js';

const checkedLogger = check<Logger>(
  (value) => isAble(value, 'warn') && isAble(value, 'debug'),
  'logger has the methods warn and debug, like console',
);

const checkedMetrics = check<LockMetrics>(
  (value) => isAble(value, 'singleMetric'),
  "metrics has the method singleMetric, like emfMetrics() and Powertools' Metrics",
);

const checkedObservers = check<readonly LockObserver[]>(
  (value) => Array.isArray(value) && value.every((one) => isAble(one, 'onLockEvent')),
  'observers is an array of objects with the method onLockEvent',
);

/**
 * What a factory decides for its locks, by what its caller asked for.
 * @throws LockOptionError
 */
export function settled(given: FactorySettings, defaultHost: (requestId: string | undefined) => string): LocksSettings {
  const { leaseSeconds = DEFAULT_LEASE_SECONDS, waitSeconds = DEFAULT_WAIT_SECONDS, fencing = false } = given;
  const { maxInvocationLeaseSeconds = DEFAULT_MAX_INVOCATION_LEASE_SECONDS } = given;
  const { clockToleranceSeconds = DEFAULT_CLOCK_TOLERANCE_SECONDS, observers = [] } = given;
  const logger = given.logger === undefined ? consoleLogger : harmless(checkedLogger(given.logger));
  const logLines = given.logger === undefined ? new LossLines(logger) : new EventLogger(logger);
  const metricLines = given.metrics === undefined ? [] : [new EventMetrics(checkedMetrics(given.metrics))];
  const told = [logLines, ...metricLines, ...checkedObservers(observers)];
  const isWatched = given.logger !== undefined || told.length > 1;
  const host = given.hostIdentifier === undefined ? undefined : checkedHost(given.hostIdentifier);
  return {
    leaseSeconds: checkedLease(leaseSeconds),
    maxInvocationLeaseSeconds: checkedMaxInvocationLease(maxInvocationLeaseSeconds),
    waitSeconds: checkedWait(waitSeconds),
    fencing: checkedFencing(fencing),
    target: {
      clockToleranceSeconds: checkedTolerance(clockToleranceSeconds),
      logger,
      // To tell nobody takes its time, too.
      reporterFor: (attempt, manager) =>
        isWatched ? new ObserverReporter(attempt, manager, told) : new Reporter(attempt, manager),
      hostIdentifier: host === undefined ? defaultHost : () => host,
    },
  };
}
