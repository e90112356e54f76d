import type { HeldLock, LockLostError } from '../../runtime/index.js';
import type { ProcessGroup } from './process-group.js';
import type { RunningProcess } from './processes.js';

/** Milliseconds from TERM to KILL if another process may already hold the lock. */
const LATE_GRACE_MS = 200;
/** KILL acts at once, unless this user may not send it. */
const ACTED_MS = 1000;

/** How to end a command, and whom to notify. */
export interface LeaseTask {
  /** Seconds from TERM to KILL. */
  readonly graceSeconds: number;
  /** Called before TERM is sent. If `isLost`, the lock is lost, and the logger has said why. */
  readonly onEnding: (isLost: boolean) => void;
  /** Called with the processes that still run after KILL: this user may not end them. */
  readonly onSurvivors: (left: readonly RunningProcess[]) => void;
}

/**
 * Ends a command and all that it has started, by TERM and then KILL, before the lease ends. It does so even if
 * the command itself has ended already:
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
    private readonly task: LeaseTask,
  ) {
    held.signal.addEventListener('abort', this.end, { once: true });
    this.check();
  }

  private readonly check = (): void => {
    clearTimeout(this.timer);
    const { graceSeconds } = this.task;
    const spareMs = (this.held.remainingSeconds - graceSeconds) * 1000;
    if (this.held.isHeld && spareMs > 0) {
      // Rounded up: a timer that fires early would check again at once.
      this.timer = setTimeout(this.check, Math.min(Math.ceil(spareMs), 1000));
    } else {
      this.end();
    }
  };

  stop(): void {
    clearTimeout(this.timer);
    this.held.signal.removeEventListener('abort', this.end);
  }

  /** Sends TERM, and sets the time of KILL. Called again if the lock is lost between the two: KILL may then be due. */
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
