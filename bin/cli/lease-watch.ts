import type { HeldLock, LockLostError } from '../../runtime/index.js';
import type { ProcessGroup } from './process-group.js';
import type { Task } from './supervision.js';

/** Of a lock that another may have already: how long the command may take to end. */
const LATE_GRACE_MS = 200;
/** A signal that cannot be caught acts at once, unless this user may not send it. */
const ACTED_MS = 1000;

/**
 * Tells a command, and all that it has started, to end, by TERM and then KILL, so early that it has ended when
 * the lease does. Whether the command itself lives yet makes no difference:
 *
 *     last refresh confirmed            TERM            KILL = deadline   lease end
 *       │◄───────── no further one ──────►│◄── grace ─────►│◄── margin ──►│
 *     ──┴─────────────────────────────────┴────────────────┴──────────────┴──►
 */
export class LeaseWatch {
  hasEnded = false;
  private timer: NodeJS.Timeout | undefined;
  private killAtMs = Infinity;

  constructor(
    private readonly held: HeldLock,
    private readonly group: ProcessGroup,
    private readonly task: Pick<Task, 'graceSeconds' | 'onEnding' | 'onSurvivors'>,
    /** Told before TERM is sent. */
    private readonly onEnd: () => void,
  ) {
    held.signal.addEventListener('abort', this.end, { once: true });
    this.look();
  }

  private readonly look = (): void => {
    clearTimeout(this.timer);
    const { graceSeconds } = this.task;
    const spareMs = (this.held.remainingSeconds - graceSeconds) * 1000;
    if (this.held.isHeld && spareMs > 0) {
      // Not rounded down to an earlier moment: a timer that fires early would look again at once.
      this.timer = setTimeout(this.look, Math.min(Math.ceil(spareMs), 1000));
    } else {
      this.end();
    }
  };

  stop(): void {
    clearTimeout(this.timer);
    this.held.signal.removeEventListener('abort', this.end);
  }

  /** Sends TERM, and sets the time of KILL. Called again where the lock is lost between them: then KILL may be due. */
  private readonly end = (): void => {
    clearTimeout(this.timer);
    const { held, task } = this;
    const loss: LockLostError | undefined = held.isHeld ? undefined : held.signal.reason;
    let graceMs = held.remainingSeconds * 1000;
    if (loss) graceMs = loss.reason === 'broken' ? task.graceSeconds * 1000 : LATE_GRACE_MS;
    this.killAtMs = Math.min(this.killAtMs, performance.now() + graceMs);
    if (!this.hasEnded) {
      this.hasEnded = true;
      task.onEnding(loss !== undefined);
      this.onEnd();
      this.group.send('SIGTERM');
    }
    this.timer = setTimeout(this.kill, this.killAtMs - performance.now());
  };

  private readonly kill = (): void => {
    this.group.send('SIGKILL');
    this.timer = setTimeout(() => {
      if (!this.group.isEmpty()) this.task.onSurvivors(this.group.members());
    }, ACTED_MS);
  };
}
