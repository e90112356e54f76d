import type { TypeScriptBeliever } from '../clients/believer.js';
import type { Prng } from '../engine/prng.js';
import type { World } from '../world.js';
import { areTooClose, type ClockStep } from './plan.js';
import { NO_RARE_FAULTS, standstills } from './rare-faults.js';

/**
 * Faults at the worst time for a holder. First a clock step makes the holder, or a contender, misjudge the age of an
 * entry. Then a partition keeps a refresh from correcting it. Random faults rarely meet like this while a lock is held.
 */
export class TargetedFaults {
  constructor(
    private readonly world: World,
    private readonly prng: Prng,
  ) {}

  granted(believer: TypeScriptBeliever): void {
    const { world, prng } = this;
    if (world.network.isHealed || !prng.chance(world.plan.targetedFaultChance)) return;
    const leaseMs = believer.leaseSeconds * 1000;
    const { nowMs } = world.time;
    // The clock is set in the half lease before a refresh. The partition begins in the half lease after it.
    const refreshAtMs = nowMs + (leaseMs / 2) * prng.whole(1, 3);
    if (prng.chance(0.7)) this.setBack(believer, refreshAtMs - prng.between(0.02, 0.5) * leaseMs);
    const fromMs = prng.chance(0.7) ? refreshAtMs + prng.between(0, 0.5) * leaseMs : nowMs;
    const loses = prng.pick(['requests', 'answers', 'both'] as const);
    const client = world.clients.find(({ process }) => process === believer.process);
    client?.connection.partitions.push({ fromMs, toMs: fromMs + prng.between(0.5, 2) * leaseMs, loses });
  }

  private setBack({ process, leaseSeconds }: TypeScriptBeliever, atMs: number): void {
    const { world, prng } = this;
    const step: ClockStep = { atMs, byMs: -prng.magnitude(1000, leaseSeconds * 4000) };
    const plan = world.plan.clients[world.clients.findIndex((client) => client.process === process)];
    const standing = standstills(world.plan.rareFaults ?? NO_RARE_FAULTS);
    if ([...standing, ...(plan?.freezes ?? [])].some((freeze) => areTooClose(freeze, step))) return;
    world.time.at(atMs, () => {
      if (!world.network.isHealed) process.stepClock(step.byMs);
    });
  }
}
