import type { Answer } from '../../../runtime/core/store.js';
import type { Prng } from '../engine/prng.js';
import type { ClientPlan } from '../faults/plan.js';
import { type Attempt, type Connection, type Network, RefusedError, TransitError } from './network.js';

/**
 * Simulates an AWS SDK: each attempt has a timeout, and the same request is sent again if it fails. The caller learns
 * the outcome of the last attempt only. Earlier ones may still arrive at the table.
 */
export class SimSdk {
  constructor(
    private readonly network: Network,
    private readonly connection: Connection,
    private readonly plan: Pick<ClientPlan, 'attempts' | 'attemptMs'>,
    private readonly prng: Prng,
  ) {}

  async send<A extends Answer>(attempt: Attempt<A>, signal?: AbortSignal): Promise<A> {
    const { process } = this.connection;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.attemptWithin(attempt, signal);
      } catch (error) {
        if (error instanceof RefusedError) error.$metadata.attempts = attempts;
        if (attempts >= this.plan.attempts || signal?.aborted || error instanceof RefusedError) throw error;
        await process.sleep(this.prng.between(0, 50 * 2 ** attempts), signal);
        if (signal?.aborted) throw error;
      }
    }
  }

  private attemptWithin<A extends Answer>(attempt: Attempt<A>, signal: AbortSignal | undefined): Promise<A> {
    const { process } = this.connection;
    return new Promise<A>((resolve, reject) => {
      const giveUp = (error: Error): void => {
        settle();
        reject(error);
      };
      const onAbort = (): void => giveUp(new TransitError('aborted'));
      const settle = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', onAbort);
      };
      // A reliable attempt is always answered.
      const limitMs = attempt.isReliable ? Number.MAX_SAFE_INTEGER : this.plan.attemptMs;
      const timer = process.clock.after(limitMs, () => giveUp(new TransitError('timed out')));
      signal?.addEventListener('abort', onAbort);
      this.network.attempt(this.connection, attempt).then(
        (answer) => {
          settle();
          resolve(answer);
        },
        (error: Error) => giveUp(error),
      );
    });
  }
}
