import { createHook } from 'node:async_hooks';
import { getEventListeners } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock, type Timer } from '../../runtime/core/clock.js';
import {
  currentHold,
  type InvocationContext,
  makeLocked,
  type StickyHold,
  type StickyLock,
  stickyLock,
  type WithLockOptions,
  withLock,
} from '../../runtime/index.js';

/** What an invocation is to do: take the lock, stay for a while, give it back. */
export interface Task {
  readonly lock: string;
  readonly options?: WithLockOptions;
  /**
   * While it holds, it makes `<stayAt>.reached` and stays until there is a file `stayAt`: files can be made
   * and seen while the sandbox is frozen.
   */
  readonly stayAt?: string;
  /** While it holds, it stays until `held.signal` aborts. */
  readonly stayUntilAborted?: true;
  /** By which it takes the lock. @default withLock */
  readonly surface?: keyof typeof surfaces;
}

/** How an invocation went. Errors are told, not thrown: the emulator would keep only their text. */
export interface Report {
  readonly pid: number;
  readonly requestId: string | undefined;
  /** How many invocations this sandbox has had, this one included. */
  readonly invocation: number;
  /** Of the invocation, when the lock was had or refused. */
  readonly remainingMs: number;
  /** How it looked to the holder at the end of its work, asked at once; absent where the lock was not had. */
  readonly view?: View;
  readonly error?: {
    readonly name: string;
    readonly reason?: string;
    readonly result?: unknown;
    readonly message: string;
  };
  readonly leftBehind: LeftBehind;
}

interface View {
  readonly isHeld: boolean;
  readonly aborted: boolean;
  readonly remainingSeconds: number;
}

/** What there is in the process when an invocation ends. */
interface LeftBehind {
  /** Timers that locks have set: all go through their clock. */
  readonly lockTimers: number;
  /** All timers of the process, those included that keep no process alive; the SDK has a few at any time. */
  readonly timers: number;
  /** What keeps the process alive: sockets, timers, requests. */
  readonly activeResources: number;
  /** On a signal that lives as long as the sandbox. */
  readonly abortListeners: number;
  readonly terminationListeners: number;
}

const lockTimers = new Set<Timer>();
const { after } = systemClock;
systemClock.after = (delayMs, callback, options) => {
  const set = after(
    delayMs,
    () => {
      lockTimers.delete(timer);
      callback();
    },
    options,
  );
  const timer: Timer = {
    cancel: () => {
      lockTimers.delete(timer);
      set.cancel();
    },
  };
  lockTimers.add(timer);
  return timer;
};

const timers = new Set<number>();
createHook({
  init: (id, type) => {
    if (type === 'Timeout') timers.add(id);
  },
  destroy: (id) => void timers.delete(id),
}).enable();

/** Shared by all invocations, as code at module scope may. */
const sandboxSignal = new AbortController().signal;
let invocations = 0;

type Surface = (
  task: Task,
  context: InvocationContext,
  work: (held: StickyHold) => Promise<string>,
) => Promise<unknown>;

const surfaces = {
  withLock: ({ lock, options }, context, work) =>
    withLock(lock, { ...options, context, signal: sandboxSignal }, (held) => work(held)),
  // It finds the context among the arguments.
  makeLocked: makeLocked<Parameters<Surface>, Promise<string>>(
    (_, __, work) => {
      const held = currentHold();
      if (!held) throw new Error('there is no hold inside of makeLocked');
      return work(held);
    },
    { name: ({ lock }) => lock },
  ),
  stickyLock: ({ lock, options }, context, work) => sticky(lock, options).use(context, (held) => work(held)),
} satisfies Record<string, Surface>;

/** One for each name, as if each were made at module scope. */
const stickyLocks = new Map<string, StickyLock>();
function sticky(lock: string, options: Task['options'] = {}): StickyLock {
  const { leaseSeconds } = options;
  if (leaseSeconds === 'invocation') throw new Error('a sticky lock outlasts invocations');
  const known = stickyLocks.get(lock) ?? stickyLock(lock, { leaseSeconds });
  stickyLocks.set(lock, known);
  return known;
}

export async function handler(task: Task, context: InvocationContext): Promise<Report> {
  invocations += 1;
  let remainingMs: number | undefined;
  let view: View | undefined;
  let error: Report['error'];
  try {
    await surfaces[task.surface ?? 'withLock'](task, context, async (held) => {
      remainingMs = context.getRemainingTimeInMillis();
      if (task.stayAt !== undefined) await stayAt(task.stayAt);
      if (task.stayUntilAborted) await aborted(held.signal);
      view = viewOf(held);
      return 'worked';
    });
  } catch (caught) {
    const { name, reason, result, message } = caught as Error & { reason?: string; result?: unknown };
    error = { name, message, ...(reason !== undefined && { reason }), ...(result !== undefined && { result }) };
  }
  remainingMs ??= context.getRemainingTimeInMillis();
  const { awsRequestId: requestId } = context;
  return {
    pid: process.pid,
    requestId,
    invocation: invocations,
    remainingMs,
    ...(view && { view }),
    ...(error && { error }),
    leftBehind: leftBehind(),
  };
}

async function stayAt(file: string): Promise<void> {
  writeFileSync(`${file}.reached`, '');
  while (!existsSync(file)) await sleep(10);
}

/** Whoever waits keeps the process busy: the lock's own timers do not. */
async function aborted(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await sleep(10);
}

function viewOf(held: StickyHold): View {
  const { isHeld, signal, remainingSeconds } = held;
  return { isHeld, aborted: signal.aborted, remainingSeconds };
}

function leftBehind(): LeftBehind {
  return {
    lockTimers: lockTimers.size,
    timers: timers.size,
    activeResources: process.getActiveResourcesInfo().length,
    abortListeners: getEventListeners(sandboxSignal, 'abort').length,
    terminationListeners: process.listenerCount('SIGTERM'),
  };
}
