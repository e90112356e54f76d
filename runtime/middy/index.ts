/** cdk-lynk/runtime/middy: a lock around a middy handler. */
import { lockOfEnvironment } from '../client/default.js';
import { newController } from '../core/abort.js';
import type { Hold } from '../hold/hold.js';
import { conclude, type Outcome } from '../hold/run-under.js';
import { checkedLocked, holderIn, type LockedOptions } from '../lambda/make-locked.js';
import type { HeldLock } from '../options/held-lock.js';
import type { InvocationContext } from '../options/options.js';

/** What the middleware needs to see of middy's request. */
export interface MiddyRequest<E> {
  readonly event: E;
  readonly context: InvocationContext;
  response?: unknown;
  earlyResponse?: unknown;
  error?: unknown;
}

/** What `lockMiddleware` takes: as `makeLocked`, its functions being called with event and context. */
export type LockMiddlewareOptions<E> = LockedOptions<readonly [event: E, context: InvocationContext]>;

/** A middleware as middy takes it. */
export interface LockMiddleware<E> {
  // middy's own types have a request with an event of any type here, and so do other middlewares.
  /** Takes the lock, or answers for the handler where it is not to be had. */
  readonly before: (request: MiddyRequest<E>) => Promise<void>;
  /** Gives it back; a lock lost meanwhile becomes the outcome. */
  readonly after: (request: MiddyRequest<E>) => Promise<void>;
  /** Gives it back. A loss goes before the handler's own error, and has it as its `cause`. */
  readonly onError: (request: MiddyRequest<E>) => Promise<void>;
}

interface Running {
  /** The middleware that took it. */
  readonly taker: object;
  readonly held: HeldLock;
  readonly controller: AbortController;
}

/** By middy's request, the innermost lock last. */
const running = new WeakMap<object, readonly Running[]>();

/** By the invocation's own context, the innermost lock last: nothing is kept of an invocation beyond it. */
const holds = new WeakMap<InvocationContext, HeldLock[]>();

/**
 * The hold that `lockMiddleware` took for this invocation, the innermost where there are several.
 *
 *     middy(async (event, context) => {
 *       const held = heldLock(context);
 *       await save(event, { signal: held?.signal });
 *     }).use(lockMiddleware({ name: 'report' }));
 */
export function heldLock(context: InvocationContext): HeldLock | undefined {
  return holds.get(context)?.at(-1);
}

/**
 * Holds a lock while the handler runs. Put it last, or before others of its kind alone: a middleware after it that
 * answers early keeps middy from calling this one again, and then the lock is held until the invocation ends.
 *
 * The hold's signal aborts with middy's own early time-out too: the handler that may go on then is told, and
 * the lock is released.
 * @throws LockOptionError
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
      // What was taken before is not asked for again by middy, which goes straight to the answer.
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
        // A loss goes before the handler's own error, and carries it.
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
  // After a time-out the handler may still be running.
  if ('error' in outcome) controller.abort(outcome.error);
  const others = holds.get(request.context)?.filter((other) => other !== held) ?? [];
  holds.set(request.context, others);
  await conclude([held as Hold], outcome);
}
