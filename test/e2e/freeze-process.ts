import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { getLockFactory, type HeldLock, LockLostError } from '../../runtime/index.js';

/**
 * Holds a lock and watches the wall clock; once that has jumped by a lease, as after a freeze, it says how
 * things look to it, releases and ends. Arguments: table, lock, lease in seconds, and how to watch: `blocked`
 * keeps the event loop from running any timer, `idle` leaves it free. The client is the default one.
 */
const [table, name = '', leaseSeconds, manner] = process.argv.slice(2);

/** What it prints. */
export type FreezeReport = { readonly event: 'held' } | ({ readonly event: 'thawed' | 'released' } & View);

/** How things look to the holder, asked in this order and without a pause. */
interface View {
  readonly isHeld: boolean;
  readonly aborted: boolean;
  /** The reason of the `LockLostError` that the signal aborted with, and that `assertHeld` throws. */
  readonly reason: string | undefined;
  readonly remainingSeconds: number;
}

/** At once, even where the event loop is about to be blocked. */
function report(what: FreezeReport): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

function view(held: HeldLock): View {
  const { isHeld, signal, remainingSeconds } = held;
  let thrown: unknown;
  try {
    held.assertHeld();
  } catch (error) {
    thrown = error;
  }
  const loss = thrown instanceof LockLostError && thrown === signal.reason ? thrown : undefined;
  return { isHeld, aborted: signal.aborted, reason: loss?.reason, remainingSeconds };
}

/** Returns once the wall clock has jumped, which it last read at `before`. */
async function watchForJump(before: number, jumpMs: number): Promise<void> {
  const blocker = new Int32Array(new SharedArrayBuffer(4));
  let [last, now] = [before, Date.now()];
  while (now - last < jumpMs) {
    last = now;
    if (manner === 'idle') await sleep(10);
    else Atomics.wait(blocker, 0, 0, 10);
    now = Date.now();
  }
}

const held = await getLockFactory(table, { leaseSeconds: Number(leaseSeconds) })
  .createLock(name)
  .acquire();
// Read before the report: the freeze may follow that at once.
const heldAt = Date.now();
report({ event: 'held' });
await watchForJump(heldAt, Number(leaseSeconds) * 1000);
report({ event: 'thawed', ...view(held) });
await held.release();
report({ event: 'released', ...view(held) });
