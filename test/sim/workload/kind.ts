import type { Plan } from '../faults/plan.js';

/** What the clients of a schedule use locks for. */
export type WorkloadKind = 'locks' | 'semaphore' | 'multiLock' | 'singleFlight';

/** The semaphore's name, and the flight's. */
export const NAME = 'job';

/** By the seed alone, and without a draw: the other seeds' schedules stay as they are. */
export function workloadKindOf(seed: number): WorkloadKind {
  return (['semaphore', 'multiLock', 'singleFlight'] as const)[(seed % 8) - 5] ?? 'locks';
}

/** The plan, with the locks that this use is about: Python's clients contend for them as they are. */
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
      // A result keeps its lock taken for longer than any lease: who waits for that one is not to be served soon.
      return { ...plan, workloadKind, locks: [NAME], allOthersDieAtMs: undefined };
  }
}
