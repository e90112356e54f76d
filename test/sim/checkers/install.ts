import { TypeScriptClient } from '../clients/typescript-client.js';
import type { World } from '../world.js';
import { CallTime } from './limits/call-time.js';
import { RequestBudget } from './limits/request-budget.js';
import { WaitTime } from './limits/wait-time.js';
import { HandOverRetry } from './liveness/hand-over-retry.js';
import { OrphanedEntry } from './liveness/orphaned-entry.js';
import { SpuriousLoss } from './liveness/spurious-loss.js';
import { Takeover } from './liveness/takeover.js';
import { AllOrNone } from './safety/all-or-none.js';
import { FencingTokens } from './safety/fencing-tokens.js';
import { LiveEntry } from './safety/live-entry.js';
import { LockAtLeast } from './safety/lock-at-least.js';
import { LossReported } from './safety/loss-reported.js';
import { MutualExclusion } from './safety/mutual-exclusion.js';
import { PermitCount } from './safety/permit-count.js';
import { ResultAge } from './safety/result-age.js';

/** Adds all checkers to the world, except those of the liveness phase (liveness-phase.ts). */
export function installCheckers(world: World): void {
  const { plan, clients } = world;
  const ours = clients.filter((client) => client instanceof TypeScriptClient);
  world.allOrNone = new AllOrNone(world);
  world.handOverRetry = new HandOverRetry(world);
  world.resultAge = new ResultAge(world);
  world.waitTime = new WaitTime(world);
  world.callTime = new CallTime(world);
  world.checkers.push(
    new LossReported(world),
    new SpuriousLoss(world),
    new Takeover(world),
    new RequestBudget(world),
    new FencingTokens(world),
    new LockAtLeast(world),
    new LiveEntry(world),
    world.handOverRetry,
    new OrphanedEntry(world, ours),
    world.allOrNone,
  );
  world.afterEventCheckers.push(new MutualExclusion(world));
  if (plan.workloadKind === 'semaphore') world.afterEventCheckers.push(new PermitCount(world, plan.locks.length));
}
