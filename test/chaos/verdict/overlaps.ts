import { type Belief, beliefOf, type Section } from './section.js';

/** Pairs of sections under the same lock that both believed at one time: there must be none. */
export function overlaps(sections: readonly Section[]): [Belief, Belief][] {
  const found: [Belief, Belief][] = [];
  const latest = new Map<string, Belief>();
  const beliefs = sections.map(beliefOf).filter((belief) => belief !== undefined);
  for (const belief of beliefs.sort((a, b) => a.from - b.from)) {
    const { lock } = belief.section;
    const earlier = latest.get(lock);
    if (earlier && belief.from < earlier.until) found.push([earlier, belief]);
    if (!earlier || belief.until > earlier.until) latest.set(lock, belief);
  }
  return found;
}

/** For people. */
export function describeOverlap([earlier, later]: [Belief, Belief], startUs: number): string {
  const seconds = (us: number): string => ((us - startUs) / 1e6).toFixed(3);
  const told = ({ section, from, until }: Belief): string =>
    `${section.id} from ${seconds(from)} to ${seconds(until)} s`;
  return `two holders of ${earlier.section.lock}: ${told(earlier)}, ${told(later)}`;
}
