import { harmlessly, type LockAttempt, type LockObserver } from './events.js';

/** Runs the work inside of all observers that want it so, the first one outermost. */
export function observedWork<T>(observers: readonly LockObserver[], attempt: LockAttempt, work: () => T): T {
  return observers.reduceRight<() => T>((inner, observer) => () => runInside(observer, attempt, inner), work)();
}

/** Whatever the observer does, the work runs once, and its outcome is its own. */
function runInside<T>(observer: LockObserver, attempt: LockAttempt, work: () => T): T {
  if (!observer.runWork) return work();
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  const once = (): T => {
    outcome ??= outcomeOf(work);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
  harmlessly(() => observer.runWork?.(attempt, once));
  return once();
}

function outcomeOf<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
