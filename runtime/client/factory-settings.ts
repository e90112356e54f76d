import {
  DEFAULT_CLOCK_TOLERANCE_SECONDS,
  DEFAULT_LEASE_SECONDS,
  DEFAULT_WAIT_SECONDS,
  type LocksSettings,
} from '../acquire/lock-client.js';
import { EventLogger } from '../observe/event-logger.js';
import { EventMetrics, type LockMetrics } from '../observe/event-metrics.js';
import type { LockObserver } from '../observe/events.js';
import { consoleLogger, harmless, type Logger, lossLogger } from '../observe/logger.js';
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
 * The checked settings of a factory: what the caller gave, and the defaults.
 * @throws LockOptionError
 */
export function settled(given: FactorySettings, defaultHost: (requestId: string | undefined) => string): LocksSettings {
  const logger = given.logger === undefined ? consoleLogger : harmless(checkedLogger(given.logger));
  const ours = [
    given.logger === undefined ? lossLogger : new EventLogger(logger),
    ...(given.metrics === undefined ? [] : [new EventMetrics(checkedMetrics(given.metrics))]),
  ];
  const observers = [...ours, ...checkedObservers(given.observers, [])];
  // A Reporter logs lost locks too, and costs less.
  const isObserved = given.logger !== undefined || observers.length > 1;
  const host = given.hostIdentifier === undefined ? undefined : checkedHost(given.hostIdentifier);
  return {
    leaseSeconds: checkedLease(given.leaseSeconds, DEFAULT_LEASE_SECONDS),
    maxInvocationLeaseSeconds: checkedMaxInvocationLease(
      given.maxInvocationLeaseSeconds,
      DEFAULT_MAX_INVOCATION_LEASE_SECONDS,
    ),
    waitSeconds: checkedWait(given.waitSeconds, DEFAULT_WAIT_SECONDS),
    fencing: checkedFencing(given.fencing, false),
    target: {
      clockToleranceSeconds: checkedTolerance(given.clockToleranceSeconds, DEFAULT_CLOCK_TOLERANCE_SECONDS),
      logger,
      reporterFor: (attempt, manager) =>
        isObserved ? new ObserverReporter(attempt, manager, observers) : new Reporter(attempt, manager),
      hostIdentifier: host === undefined ? defaultHost : () => host,
    },
  };
}
