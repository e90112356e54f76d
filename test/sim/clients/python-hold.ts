import { shortVersion } from '../engine/trace.js';
import type { SimProcess } from '../process/sim-process.js';
import type { Believer } from './believer.js';
import type { PythonClient } from './python-client.js';

/** The period of lynk's `LockRefresher`, in leases. */
const REFRESH_PERIOD_RATIO = 3 / 4;

/** A lock held by Python's client: the version that it knows, and its refresher thread. */
export class PythonHold implements Believer {
  isLost = false;
  private confirmedSentMs = -Infinity;
  private isEnded = false;
  private refresherRuns = false;

  constructor(
    private readonly client: PythonClient,
    readonly lock: string,
    private version: string,
    readonly leaseSeconds: number,
  ) {}

  get name(): string {
    return `${this.client.process.name} ${shortVersion(this.version)}`;
  }

  get process(): SimProcess {
    return this.client.process;
  }

  get hold(): string {
    return this.version;
  }

  believes(): boolean {
    return !this.isEnded && this.client.world.time.nowMs < this.confirmedSentMs + this.leaseSeconds * 1000;
  }

  isOver(): boolean {
    return this.isEnded;
  }

  confirm(version: string, sentMs: number): void {
    this.version = version;
    const isFirst = this.confirmedSentMs === -Infinity;
    this.confirmedSentMs = sentMs;
    if (isFirst) this.client.believe(this);
  }

  startRefresher(): void {
    this.refresherRuns = true;
    void this.keepRefreshing();
  }

  stopRefresher(): void {
    this.refresherRuns = false;
  }

  /** Replaces the known version by a new one. `leaseDuration` stays. */
  async refresh(): Promise<void> {
    const { world, process, sdk } = this.client;
    const [known, next, sentMs] = [this.version, this.client.drawVersion(), world.time.nowMs];
    const name = `update ${this.lock} ${shortVersion(known)} to ${shortVersion(next)}`;
    world.trace?.(process.name, name);
    const carryOut = () => world.database.update(this.lock, known, next, process.name);
    const { written } = await sdk.send({ name, carryOut });
    if (written && !this.isEnded) this.confirm(next, sentMs);
    if (!written) this.isLost = true;
  }

  /** Stops the refresher, refreshes once, and returns a text with that version. The hold ends here. */
  async serialize(): Promise<string | undefined> {
    await this.refresh();
    this.isEnded = true;
    if (this.isLost) return undefined;
    const technique = JSON.stringify({ __version: 'VersionLeaseTechinque.1', versions: { [this.lock]: this.version } });
    return JSON.stringify({ __version: 'Lock.1', name: this.lock, technique });
  }

  async release(): Promise<void> {
    this.isEnded = true;
    const { world, sdk } = this.client;
    const { version } = this;
    world.trace?.(this.process.name, `delete ${this.lock} ${shortVersion(version)}`);
    await sdk.send({ name: `delete ${this.lock}`, carryOut: () => world.database.delete(this.lock, version) });
  }

  /** `LockRefresher.run`: the first error ends the thread silently. */
  private async keepRefreshing(): Promise<void> {
    for (;;) {
      await this.process.sleep(this.leaseSeconds * 1000 * REFRESH_PERIOD_RATIO);
      if (!this.refresherRuns || this.isLost) return;
      try {
        await this.refresh();
      } catch {
        return;
      }
    }
  }
}
