import type { Plan } from '../faults/plan.js';

/** What the callers of a schedule use: single locks, or one of the recipes. */
export type WorkloadKind = 'locks' | 'semaphore' | 'multiLock' | 'singleFlight';

/** The name of the semaphore, and of the single flight's lock. */
export const NAME = 'job';

/** Depends on the seed alone. It draws nothing, so that no other seed changes. */
export function workloadKindOf(seed: number): WorkloadKind {
  return (['semaphore', 'multiLock', 'singleFlight'] as const)[(seed % 8) - 5] ?? 'locks';
}

/** Gives a plan the locks of its workload. Python's clients contend for them as single locks. */
export function withWorkloadKind(plan: Plan, seed: number): Plan {
  const workloadKind = workloadKindOf(seed);
  switch (workloadKind) {
    case 'locks':
      return plan;
    case 'semaphore': {
      const permits = 1 + (Math.floor(seed / 8) % 3);
      return { ...plan, workloadKind, locks: Array.from({ length: permits }, (_, index) => `${NAME}#${index}`) };
    }
    case 'multiLock':
      return { ...plan, workloadKind, locks: ['a', 'b', 'c'] };
    case 'singleFlight':
      // A result keeps its lock for longer than any lease: a waiter need not be served soon.
      return { ...plan, workloadKind, locks: [NAME], allOthersDieAtMs: undefined };
  }
}
