import type { Plan } from './plan.js';

/** What the clients of a schedule use locks for. */
export type Use = 'locks' | 'semaphore' | 'several' | 'flight';

/** The semaphore's name, and the flight's. */
export const NAME = 'job';

/** By the seed alone, and without a draw: the other seeds' schedules stay as they are. */
export function useOf(seed: number): Use {
  return (['semaphore', 'several', 'flight'] as const)[(seed % 8) - 5] ?? 'locks';
}

/** The plan, with the locks that this use is about: Python's clients contend for them as they are. */
export function withUse(plan: Plan, seed: number): Plan {
  const use = useOf(seed);
  switch (use) {
    case 'locks':
      return plan;
    case 'semaphore': {
      const permits = 1 + (Math.floor(seed / 8) % 3);
      return { ...plan, use, locks: Array.from({ length: permits }, (_, index) => `${NAME}#${index}`) };
    }
    case 'several':
      return { ...plan, use, locks: ['a', 'b', 'c'] };
    case 'flight':
      // A result keeps its lock taken for longer than any lease: who waits for that one is not to be served soon.
      return { ...plan, use, locks: [NAME], allOthersDieAtMs: undefined };
  }
}
