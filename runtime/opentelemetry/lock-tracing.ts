import {
  type Attributes,
  context,
  type Exception,
  type Link,
  type Span,
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
import { ATTRIBUTES } from './attributes.js';
import { linkTo, traceparentOf } from './traceparent.js';

/** What `lockTracing` takes. */
export interface LockTracingOptions {
  /** @default the global one, as it is when a span begins */
  readonly tracerProvider?: TracerProvider | undefined;
}

/**
 * Traces the locks of a factory:
 *
 *     const factory = getLockFactory('my-locks', { observers: [lockTracing()] });
 *
 * @throws LockOptionError
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
 * The spans of one asking, and of the hold that may come of it. Events are told in the context of the asking, so both
 * are children of what is current there.
 */
interface Spans {
  readonly acquire: Span;
  hold?: Span;
}

class LockTracing implements LockObserver {
  private readonly spans = new WeakMap<LockAttempt, Spans>();

  constructor(private readonly tracer: Tracer) {}

  onLockEvent(event: LockEvent): void {
    if (event.type === 'requested') this.asked(event.attempt);
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

  /** While the work runs, the hold's span is the current one: spans that begin there are its children. */
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

  /** What a taker, in another process perhaps, is to link to. */
  traceOf(attempt: LockAttempt): string | undefined {
    const spans = this.spans.get(attempt);
    return spans && traceparentOf(spans.acquire.spanContext());
  }

  private asked(attempt: LockAttempt): void {
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
  // A try that another's hold refuses is an answer, not an error.
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

/** Without those that say nothing. */
function attributes(values: Readonly<Record<string, string | number | undefined>>): Attributes {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
