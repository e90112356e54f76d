import { sleep, trueMs } from '../time.mjs';

/** A hold that is told of its loss hears of it within this time, beside what its process stood still. */
const TOLD_MS = 500;
/** How often what a hold believes is written down if nothing has changed. */
const REPEAT_MS = 200;

const watched = new Set();

/** Asks all holds of this process what they believe. */
export function askAll() {
  for (const watch of watched) watch.ask();
}

/** Asks one hold, time and again, what it believes, and writes it down. */
export class Watch {
  untilMs = -Infinity;
  writtenMs = -Infinity;
  notHeldSinceMs = undefined;
  isOver = false;

  /** @param endsMs true time at which the invocation ends */
  constructor({ journal, stalls, fault }, held, { id, name, endsMs = Infinity, ...more }) {
    Object.assign(this, { journal, stalls, fault, held, id, name, endsMs });
    journal('granted', { id, name, token: tokenOf(held), ...more });
    watched.add(this);
    this.ask();
  }

  /** What the hold says now. Its lock is its own for what remains, if it says so. */
  ask() {
    if (this.isOver) return false;
    const { held, id, name } = this;
    const fromMs = trueMs();
    const isHeld = held.isHeld;
    const untilMs = fromMs + held.remainingSeconds * 1000;
    const { aborted, reason } = held.signal;
    if (isHeld) {
      // The loss of one of several locks aborts the signal of all.
      if (aborted && reason?.name === 'LockLostError' && reason.lockName === name && held.isHeld)
        this.fault(`${id} is held, but its signal says that it is lost`, 'told');
      if (trueMs() > this.endsMs + 100 && fromMs > this.endsMs)
        this.fault(`${id} is held after its invocation`, 'invocation');
      if (this.notHeldSinceMs !== undefined) this.fault(`${id} believes again`, 'told');
      if (untilMs > this.untilMs + 1 || fromMs > this.writtenMs + REPEAT_MS) {
        this.journal('believes', { id, name, untilMs, atMs: fromMs });
        this.untilMs = Math.max(untilMs, this.untilMs);
        this.writtenMs = fromMs;
      }
      return true;
    }
    if (this.notHeldSinceMs === undefined) this.journal('stopped', { id, name, atMs: fromMs });
    this.notHeldSinceMs ??= fromMs;
    if (didNotThrow(held)) this.fault(`${id} is not held, but assertHeld says so`, 'told');
    const waitedMs = fromMs - this.notHeldSinceMs - this.stalls.stalledSince(this.notHeldSinceMs);
    if (!aborted && waitedMs > TOLD_MS)
      this.fault(`${id} is lost, and its signal did not tell within ${Math.round(waitedMs)} ms`, 'told');
    return false;
  }

  /** Before the lock is given back, handed over, or the work settles. */
  end() {
    const isHeld = this.ask();
    this.isOver = true;
    watched.delete(this);
    this.journal('ending', { id: this.id, name: this.name });
    return isHeld;
  }

  /** Watches for that long, or until the signal tells that it is over. Calls `meanwhile` now and then. */
  async dwell(forMs, { isDeaf, isFinishing, meanwhile }) {
    const toMs = trueMs() + forMs;
    while (trueMs() < toMs && !isFinishing()) {
      this.ask();
      if (this.held.signal.aborted && !isDeaf) return;
      await sleep(15);
      await meanwhile?.();
    }
  }
}

function tokenOf(held) {
  try {
    return held.fencingToken?.toString();
  } catch {
    return undefined;
  }
}

function didNotThrow(held) {
  try {
    held.assertHeld();
    return true;
  } catch {
    return false;
  }
}
