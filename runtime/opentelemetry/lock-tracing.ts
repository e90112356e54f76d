import {
  type Attributes,
  context,
  type Exception,
  isSpanContextValid,
  type Link,
  type Span,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api';
import { LockOptionError } from '../errors.js';
import {
  harmlessly,
  type LockAcquiredEvent,
  type LockAttempt,
  type LockEvent,
  type LockLostEvent,
  type LockNotGrantedEvent,
  type LockObserver,
} from '../observe/events.js';
import { refuseUnknown, shown } from '../options/validate.js';

/** The attributes of the spans, as docs/tracing.md lists them. */
export const ATTRIBUTES = {
  name: 'lynk.lock.name',
  table: 'lynk.lock.table',
  leaseSeconds: 'lynk.lock.lease_seconds',
  host: 'lynk.lock.host',
  granted: 'lynk.lock.granted',
  attempts: 'lynk.lock.attempts',
  served: 'lynk.lock.served',
  holder: 'lynk.lock.holder',
  takenOverFrom: 'lynk.lock.taken_over_from',
  end: 'lynk.lock.end',
  lostReason: 'lynk.lock.lost_reason',
  remainingSeconds: 'lynk.lock.remaining_seconds',
  lateSeconds: 'lynk.lock.late_seconds',
  invocationId: 'faas.invocation_id',
} as const;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What `lockTracing` takes. */
export interface LockTracingOptions {
  /**
   * Makes the tracer, which is called `cdk-lynk`.
   * @default the global provider, as it is when a span begins
   */
  readonly tracerProvider?: TracerProvider | undefined;
}

/**
 * An observer that makes OpenTelemetry spans of a factory's locks: `lock.acquire` for waiting for a lock, and
 * `lock.hold` for holding it. Spans that the work begins are children of `lock.hold`. If a lock is taken over or handed
 * over, the new holder's span links to the former holder's (docs/tracing.md).
 * @throws LockOptionError if an option is unknown, or `tracerProvider` has no `getTracer`
 * @example
 * import { getLockFactory } from 'cdk-lynk/runtime';
 * import { lockTracing } from 'cdk-lynk/runtime/opentelemetry';
 *
 * export const factory = getLockFactory('my-locks', { observers: [lockTracing()] });
 */
export function lockTracing(options: LockTracingOptions = {}): LockObserver {
  refuseUnknown(options, ['tracerProvider'], 'lockTracing');
  const { tracerProvider = trace } = options;
  if (typeof (tracerProvider as Partial<TracerProvider> | null)?.getTracer !== 'function') {
    throw new LockOptionError(`tracerProvider has the method getTracer, got ${shown(tracerProvider)}`);
  }
  return new LockTracing(tracerProvider.getTracer('cdk-lynk'));
}

/**
 * The spans of one attempt, and of the hold that it leads to. Events are reported in the attempt's own context, so both
 * spans are children of the span that is active there.
 */
interface Spans {
  readonly acquire: Span;
  hold?: Span;
}

class LockTracing implements LockObserver {
  private readonly spans = new WeakMap<LockAttempt, Spans>();

  constructor(private readonly tracer: Tracer) {}

  onLockEvent(event: LockEvent): void {
    if (event.type === 'requested') this.requested(event.attempt);
    const spans = this.spans.get(event.attempt);
    if (!spans) return;
    const { acquire, hold } = spans;
    switch (event.type) {
      case 'waiting':
        acquire.addEvent('lock.waiting', attributes({ [ATTRIBUTES.holder]: event.holder?.hostIdentifier }));
        break;
      case 'not-granted':
        notGranted(acquire, event);
        break;
      case 'served':
        acquire.setAttributes({ [ATTRIBUTES.granted]: false, [ATTRIBUTES.attempts]: event.attempts });
        acquire.setAttribute(ATTRIBUTES.served, true);
        acquire.end();
        break;
      case 'acquired':
        this.acquired(spans, event);
        break;
      case 'refreshed-late':
        hold?.addEvent('lock.refreshed_late', { [ATTRIBUTES.lateSeconds]: event.lateSeconds });
        break;
      case 'refresh-failed':
        hold?.addEvent('lock.refresh_failed', {
          [ATTRIBUTES.remainingSeconds]: event.remainingSeconds,
          'exception.message': messageOf(event.error),
        });
        break;
      case 'lapsed':
      case 'released':
      case 'handed-over':
        ended(hold, event.type);
        break;
      case 'release-failed':
        hold?.recordException(exception(event.error));
        ended(hold, event.type);
        break;
      case 'lost':
        lost(hold, event);
        break;
    }
  }

  /** The hold's span is the active one while the work runs. Spans that begin there are its children. */
  runWork<T>(attempt: LockAttempt, work: () => T): T {
    const hold = this.spans.get(attempt)?.hold;
    if (!hold) return work();
    const fail = (error: unknown): void => {
      hold.recordException(exception(error));
      hold.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
    };
    try {
      const outcome = context.with(trace.setSpan(context.active(), hold), work);
      (outcome as Partial<PromiseLike<unknown>> | undefined)?.then?.(undefined, (error) =>
        harmlessly(() => fail(error)),
      );
      return outcome;
    } catch (error) {
      fail(error);
      throw error;
    }
  }

  /** The span that the next holder links to, perhaps in another process. */
  traceOf(attempt: LockAttempt): string | undefined {
    const spans = this.spans.get(attempt);
    return spans && traceparentOf(spans.acquire.spanContext());
  }

  private requested(attempt: LockAttempt): void {
    const acquire = this.tracer.startSpan('lock.acquire', { attributes: attributesOf(attempt) });
    this.spans.set(attempt, { acquire });
  }

  private acquired(spans: Spans, { attempt, attempts, takenOverFrom, formerTrace }: LockAcquiredEvent): void {
    const former = attributes({ [ATTRIBUTES.takenOverFrom]: takenOverFrom });
    const link = linkTo(formerTrace);
    const links: Link[] = link ? [link] : [];
    spans.acquire.setAttributes({ [ATTRIBUTES.granted]: true, [ATTRIBUTES.attempts]: attempts, ...former });
    spans.acquire.end();
    const begin = { attributes: { ...attributesOf(attempt), ...former }, links };
    spans.hold = this.tracer.startSpan('lock.hold', begin);
  }
}

function attributesOf({ lockName, tableName, leaseSeconds, hostIdentifier, requestId }: LockAttempt): Attributes {
  return attributes({
    [ATTRIBUTES.name]: lockName,
    [ATTRIBUTES.table]: tableName,
    [ATTRIBUTES.leaseSeconds]: leaseSeconds,
    [ATTRIBUTES.host]: hostIdentifier,
    [ATTRIBUTES.invocationId]: requestId,
  });
}

function notGranted(acquire: Span, { attempts, holder, error }: LockNotGrantedEvent): void {
  acquire.setAttributes({ [ATTRIBUTES.granted]: false, [ATTRIBUTES.attempts]: attempts });
  acquire.setAttributes(attributes({ [ATTRIBUTES.holder]: holder?.hostIdentifier }));
  // A single try that finds the lock held is no error.
  if (error !== undefined) {
    acquire.recordException(exception(error));
    acquire.setStatus({ code: SpanStatusCode.ERROR, message: messageOf(error) });
  }
  acquire.end();
}

function lost(hold: Span | undefined, { error }: LockLostEvent): void {
  hold?.recordException(exception(error));
  hold?.setAttribute(ATTRIBUTES.lostReason, error.reason);
  hold?.setStatus({ code: SpanStatusCode.ERROR, message: `${error.reason}: ${error.message}` });
  ended(hold, 'lost');
}

function ended(hold: Span | undefined, how: LockEvent['type']): void {
  hold?.setAttribute(ATTRIBUTES.end, how);
  hold?.end();
}

function exception(error: unknown): Exception {
  return error instanceof Error ? error : String(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The attributes that have a value. */
function attributes(values: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** The span as a W3C `traceparent`; undefined if it is not traced. */
export function traceparentOf(span: SpanContext): string | undefined {
  if (!isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${span.traceFlags.toString(16).padStart(2, '0')}`;
}

/** A link to the span that a `traceparent` names; undefined for any other text. */
export function linkTo(traceparent: string | undefined): Link | undefined {
  const match = TRACEPARENT.exec(traceparent ?? '');
  if (!match) return undefined;
  const [, traceId = '', spanId = '', flags = ''] = match;
  const spanContext: SpanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(spanContext) ? { context: spanContext } : undefined;
}
