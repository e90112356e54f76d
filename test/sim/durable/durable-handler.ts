import type { DurableHeldLock } from '../../../runtime/durable/held.js';
import { tryWithDurableLock, withDurableLock, withDurablePermit } from '../../../runtime/durable/with-durable-lock.js';
import {
  type HeldLock,
  LockLostError,
  LockNotGrantedError,
  LockUnavailableError,
  LynkError,
} from '../../../runtime/index.js';
import type { Prng } from '../engine/prng.js';
import { isFencing } from '../faults/plan.js';
import { NAME } from '../workload/kind.js';
import type { World } from '../world.js';
import type { DurableOrder } from './durable-order.js';
import type { Action, ExecutionPlan, Round } from './durable-plan.js';
import type { Invocation } from './invocation.js';
import type { Sandbox } from './sandbox.js';
import type { SimContext } from './sim-context.js';
import type { SimulatedExecution } from './simulated-execution.js';

const ATTEMPTS = 3;
const ONCE = 'AT_MOST_ONCE_PER_RETRY';
const FAILED = 'the work failed';

/** What an execution tells of itself at its end. */
export interface Report {
  readonly rounds: readonly string[];
}

type Held = DurableHeldLock<SimContext>;

/** The handler of an execution: it carries out its plan. What it does in steps is random, what it asks for is not. */
export class DurableHandler {
  execution!: SimulatedExecution;

  constructor(
    private readonly world: World,
    private readonly plan: ExecutionPlan,
    private readonly order: DurableOrder,
    private readonly prng: Prng,
  ) {}

  async handle(context: SimContext, sandbox: Sandbox, invocation: Invocation): Promise<Report> {
    const rounds: string[] = [];
    for (const [index, round] of this.plan.rounds.entries()) {
      rounds.push(
        await new RoundOfWork(this.world, this.execution, this.order, this.prng, sandbox, invocation, round).run(
          context,
        ),
      );
      if (round.idleSeconds > 0) await context.wait(`idle ${index}`, { seconds: round.idleSeconds });
    }
    return { rounds };
  }
}

class RoundOfWork {
  /** Whether a step saw its lock lost, in this invocation. */
  private sawLoss = false;

  constructor(
    private readonly world: World,
    private readonly execution: SimulatedExecution,
    private readonly order: DurableOrder,
    private readonly prng: Prng,
    private readonly sandbox: Sandbox,
    private readonly invocation: Invocation,
    private readonly round: Round,
  ) {}

  async run(context: SimContext): Promise<string> {
    const { lock, isTry, leaseSeconds, lockAtLeastSeconds, waitSeconds, maxPollSeconds, actions } = this.round;
    const { plan } = this.world;
    const { factory } = this.sandbox;
    const options = { factory, leaseSeconds, lockAtLeastSeconds };
    const waiting = { ...options, waitSeconds, maxPollSeconds };
    const work = async (held: Held): Promise<string> => {
      await this.actions(held, actions);
      return 'done';
    };
    try {
      if (plan.workloadKind === 'semaphore') {
        return await withDurablePermit(context, NAME, { ...waiting, permits: plan.locks.length }, work);
      }
      if (isTry) {
        const outcome = await tryWithDurableLock(context, lock, options, work);
        return outcome.acquired ? outcome.value : 'refused';
      }
      const result = await withDurableLock(context, lock, waiting, work);
      if (this.sawLoss) this.world.report('loss-told', `${this.execution.name} ended as if it had not lost ${lock}`);
      return result;
    } catch (error) {
      return this.told(error as Error);
    }
  }

  /** How the round failed. Anything that is not expected ends the schedule. */
  private told(error: Error): string {
    const { plan } = this.world;
    this.execution.trace(`hears ${String(error)}`);
    if (error instanceof LockLostError) {
      this.execution.counts.losses += 1;
      this.order.lost(this.execution.name, error);
      return 'lost';
    }
    if (error instanceof LockNotGrantedError || error instanceof LockUnavailableError) return error.name;
    if (error.message.includes(FAILED) || error.message.includes('StepInterruptedError')) return 'failed';
    if (error instanceof LynkError && error.message.includes('began while another operation')) return 'overlapped';
    if ((plan.networkFaults.refusedChance ?? 0) > 0 && error.name === 'LockTableError') return 'refused';
    throw error;
  }

  private async actions(held: Held, actions: readonly Action[]): Promise<void> {
    for (const [index, action] of actions.entries()) await this.act(held, action, `${action.kind} ${index}`);
  }

  private async act(held: Held, action: Action, name: string): Promise<void> {
    switch (action.kind) {
      case 'step':
      case 'onceStep': {
        const { failChance, workMs, retrySeconds, kind } = action;
        const retryStrategy = (_: Error, attempt: number) => ({
          shouldRetry: attempt < ATTEMPTS,
          delay: { seconds: retrySeconds },
        });
        const semantics = kind === 'onceStep' ? ONCE : undefined;
        const work = (hold: HeldLock): Promise<string> => this.step(hold, held, workMs, failChance);
        const run = held.step(name, work, { retryStrategy, semantics });
        // Some handlers go on after an error that is not the lock's.
        await run.catch((error: Error) => {
          if (error instanceof LynkError || workMs < 100) throw error;
        });
        return;
      }
      case 'wait':
        return held.wait(name, { seconds: action.seconds });
      case 'callback': {
        const { afterMs, fails } = action;
        const waitForCallback = held.waitForCallback as SimContext['waitForCallback'];
        await waitForCallback(name, afterMs, fails).catch((error: Error) => {
          if (!fails || error instanceof LynkError) throw error;
        });
        return;
      }
      case 'child': {
        const { actions, fails } = action;
        await held.runInChildContext(name, async (_, inner) => {
          await this.actions(inner as Held, actions);
          if (fails) throw new Error(FAILED);
          return 'child';
        });
        return;
      }
      case 'overlap': {
        const work = (hold: HeldLock): Promise<string> => this.step(hold, held, action.workMs, 0);
        await Promise.all([held.step(name, work), held.step(`${name}, too`, work)]);
      }
    }
  }

  private async step(hold: HeldLock, held: Held, workMs: number, failChance: number): Promise<string> {
    const { world, sandbox, execution, invocation } = this;
    const { process } = sandbox;
    const believer = world.granted(process, hold, world.time.nowMs, this.round.leaseSeconds);
    if (isFencing(world.plan) && hold.fencingToken !== held.fencingToken) {
      world.report('fencing-tokens', `${believer.name} has ${hold.fencingToken}, its acquisition ${held.fencingToken}`);
    }
    execution.stepRuns(invocation, workMs);
    const attentive = this.prng.chance(0.6) ? hold.signal : undefined;
    await process.sleep(workMs, attentive);
    if (this.prng.chance(0.3) && hold.isHeld) {
      await hold.transactWrite([{ Put: { of: believer.hold } }]).catch((error: unknown) => {
        if (!(error instanceof LynkError)) throw error;
      });
    }
    if (this.prng.chance(failChance)) throw new Error(FAILED);
    return 'ok';
  }
}
