import { shortVersion } from '../engine/trace.js';
import type { SimProcess } from '../process/sim-process.js';
import type { Believer } from './believer.js';
import type { PythonClient } from './python-client.js';

/** When lynk's `LockRefresher` refreshes, in leases. */
const REFRESH_PERIOD_RATIO = 3 / 4;

/** A lock held by the Python client: the version it knows, and its refresher thread. */
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

  /** A new version where the known one stands; `leaseDuration` is left as it is. */
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

  /** The refresher is stopped, and one refresh made; the text names its version. Nobody believes here from then on. */
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

  /** `LockRefresher.run`: the first error ends the thread, and nobody is told. */
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
