import { sleep, trueMs } from '../time.mjs';

let wallOffsetMs = 0;
let haltedMs = 0;

/** Gives this process a wall clock that is off, and a monotonic one that freezes can halt. Before the client is loaded. */
export function disturbClocks(offsetMs) {
  const { now: wall } = Date;
  const monotonic = performance.now.bind(performance);
  wallOffsetMs = offsetMs;
  Date.now = () => Math.floor(wall() + wallOffsetMs);
  performance.now = () => monotonic() - haltedMs;
}

/**
 * Freezes the process and steps its wall clock, as planned. A freeze halts the monotonic clock, as that of a sandbox
 * may stand still. In a standstill that clock goes on, but the wall clock is set back by as much. A step stays away from
 * freezes by more than half a second, as the protocol assumes.
 * @param afterFreeze called at once after each, before any timer runs
 */
export async function disturb(disturbances, isOver, journal, afterFreeze) {
  const beganMs = trueMs();
  for (const { atMs, kind, forMs, byMs } of disturbances) {
    await sleep(Math.max(700, beganMs + atMs - trueMs()));
    if (isOver()) return;
    journal(kind, { forMs, byMs });
    if (kind === 'step') {
      wallOffsetMs += byMs;
      continue;
    }
    const fromMs = trueMs();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs);
    if (kind === 'freeze') haltedMs += trueMs() - fromMs;
    else wallOffsetMs -= trueMs() - fromMs;
    afterFreeze();
  }
}
