/** cdk-lynk/runtime/middy: a lock around a middy handler. */
import { lockOfEnvironment } from '../client/default.js';
import { newController } from '../core/abort.js';
import type { Hold } from '../hold/hold.js';
import { conclude, type Outcome } from '../hold/run-under.js';
import { checkedLocked, holderIn, type LockedOptions } from '../lambda/locked-function.js';
import type { HeldLock } from '../options/held-lock.js';
import type { InvocationContext } from '../options/options.js';

/** The part of middy's request that the middleware uses. */
export interface MiddyRequest<E> {
  /** The handler's first argument. */
  readonly event: E;
  /** The handler's second argument, which limits the wait and the hold. */
  readonly context: InvocationContext;
  /** What the handler resolved to. */
  response?: unknown;
  /** The answer of a middleware that skips the handler. */
  earlyResponse?: unknown;
  /** What the handler, or another middleware, threw. */
  error?: unknown;
}

/** The options of `lockMiddleware`: those of `makeLocked`. Their functions get the event and the context. */
export type LockMiddlewareOptions<E> = LockedOptions<readonly [event: E, context: InvocationContext]>;

/** A middleware for middy. */
export interface LockMiddleware<E> {
  /** Waits for the lock. If it is not granted, skips the handler, or throws. */
  readonly before: (request: MiddyRequest<E>) => Promise<void>;
  /** Releases the lock. Throws a `LockLostError` if it was lost. */
  readonly after: (request: MiddyRequest<E>) => Promise<void>;
  /** Releases the lock. If it was lost, the `LockLostError` replaces the handler's error, which is its `cause`. */
  readonly onError: (request: MiddyRequest<E>) => Promise<void>;
}

interface Running {
  /** Identifies the middleware that took the lock. */
  readonly taker: object;
  readonly held: HeldLock;
  readonly controller: AbortController;
}

/** The locks of each of middy's requests, the innermost last. */
const running = new WeakMap<object, readonly Running[]>();

/** The holds of each invocation's context, the innermost last. A WeakMap keeps nothing after the invocation. */
const holds = new WeakMap<InvocationContext, HeldLock[]>();

/**
 * The lock that `lockMiddleware` holds for this invocation. If there are several, the innermost.
 * @param context the handler's second argument
 * @returns undefined if no `lockMiddleware` holds a lock for this invocation
 * @example
 * import type { InvocationContext } from 'cdk-lynk/runtime';
 * import { heldLock } from 'cdk-lynk/runtime/middy';
 *
 * export async function report(_event: unknown, context: InvocationContext): Promise<void> {
 *   await fetch('https://example.com/reports', { signal: heldLock(context)?.signal ?? null });
 * }
 */
export function heldLock(context: InvocationContext): HeldLock | undefined {
  return holds.get(context)?.at(-1);
}

/**
 * A middleware for middy that holds a lock while the handler runs. Use it last; only others of its kind may come after
 * it. If any other middleware after it answers early, middy does not call this one again, and the lock is held until
 * the invocation ends. After middy's early time-out, the lock is released, and the hold's signal aborts, as the handler
 * may go on running.
 *
 * The middleware throws the errors of `withLock`.
 * @throws LockOptionError if an option is not allowed
 * @example
 * import { lockMiddleware } from 'cdk-lynk/runtime/middy';
 *
 * // middy(handler).use(lock)
 * export const lock = lockMiddleware({ name: (event: { id: string }) => `report/${event.id}`, onNotGranted: 'skip' });
 */
export function lockMiddleware<E = unknown>(options: LockMiddlewareOptions<E>): LockMiddleware<E> {
  const {
    name,
    onNotGranted = 'throw',
    factory,
    releaseReserveSeconds,
    ...settings
  } = checkedLocked(options, 'lockMiddleware');
  const taker = {};

  const before = async (request: MiddyRequest<E>): Promise<void> => {
    const { event, context } = request;
    const lockName = typeof name === 'function' ? name(event, context) : name;
    const lock = factory ? factory.createLock(lockName, settings) : lockOfEnvironment(lockName, settings);
    const controller = newController();
    try {
      const held = await lock.acquire({ context, releaseReserveSeconds, signal: controller.signal });
      running.set(request, [...(running.get(request) ?? []), { taker, held, controller }]);
      holds.set(context, [...(holds.get(context) ?? []), held]);
    } catch (error) {
      const holder = holderIn(error);
      if (!holder || onNotGranted === 'throw') throw error;
      const response = onNotGranted === 'skip' ? undefined : await onNotGranted(holder, event, context);
      // After an early answer middy calls none of its middlewares again, so the outer ones' locks are released here.
      for (const outer of [...(running.get(request) ?? [])].reverse())
        await endOne(request, outer, { value: response });
      request.earlyResponse = response;
    }
  };

  const end = async (request: MiddyRequest<E>, outcome: Outcome<unknown>) => {
    const one = running.get(request)?.find((candidate) => candidate.taker === taker);
    if (one) await endOne(request, one, outcome);
  };

  return {
    before,
    after: (request) => end(request, { value: request.response }),
    onError: async (request) => {
      try {
        await end(request, { error: request.error });
      } catch (error) {
        // A lost lock matters more than the handler's own error, which becomes its cause.
        request.error = error;
      }
    },
  };
}

async function endOne(request: MiddyRequest<unknown>, ended: Running, outcome: Outcome<unknown>): Promise<void> {
  const { held, controller } = ended;
  running.set(
    request,
    (running.get(request) ?? []).filter((one) => one !== ended),
  );
  // After middy's early time-out the handler may still be running.
  if ('error' in outcome) controller.abort(outcome.error);
  const others = holds.get(request.context)?.filter((other) => other !== held) ?? [];
  holds.set(request.context, others);
  await conclude([held as Hold], outcome);
}
