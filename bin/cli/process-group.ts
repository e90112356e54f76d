import { type RunningProcess, runningProcesses } from './processes.js';

/** A command and what it has started, except processes that have left its process group. */
export interface ProcessGroup {
  /** Whether none of its processes runs any more. */
  isEmpty(): boolean;
  /** The processes that run; empty if the system does not list processes. */
  members(): readonly RunningProcess[];
  /** Sends a signal to all of its processes that this user may send signals to. */
  send(signal: NodeJS.Signals): void;
}

/** The group of a command that leads one of its own. The system does not reuse its number while a member is left. */
export class OwnGroup implements ProcessGroup {
  private constructor(private readonly leaderPid: number) {}

  static readonly of = (leaderPid: number): OwnGroup => new OwnGroup(leaderPid);

  isEmpty(): boolean {
    if (!send(-this.leaderPid, 0)) return true;
    // Members are left; but zombies do not run.
    return runningProcesses()?.every((one) => !this.has(one)) ?? false;
  }

  members(): readonly RunningProcess[] {
    return runningProcesses()?.filter((one) => this.has(one)) ?? [];
  }

  send(signal: NodeJS.Signals): void {
    send(-this.leaderPid, signal);
  }

  private has({ group }: RunningProcess): boolean {
    return group === this.leaderPid;
  }
}

/** Distinguishes the processes of a command from others of their group. It can be sent to another process. */
export interface SharedGroupMarks {
  /** The number of the group; absent if the system does not list processes. */
  readonly group?: number | undefined;
  /** Processes that were in the group before the command started. */
  readonly bystanders: readonly string[];
  readonly commandPid: number;
  /** The identity of the command; absent if it ended at once. */
  readonly command?: string | undefined;
}

/**
 * The processes of a command that shares the group of this process. It does so on a terminal, as only the foreground
 * group may read from one. The group has bystanders, such as the rest of a pipeline, or the script that has started this
 * process. They were there before the command, or descend from processes that were.
 */
export class SharedGroup implements ProcessGroup {
  private readonly bystanders: ReadonlySet<string>;

  constructor(readonly marks: SharedGroupMarks) {
    this.bystanders = new Set(marks.bystanders);
  }

  /** Lists the bystanders. Call the returned function once the command was started. */
  static ofThisProcess(): (commandPid: number) => SharedGroup {
    const before = runningProcesses() ?? [];
    const group = before.find(({ pid }) => pid === process.pid)?.group;
    const bystanders = before.filter((one) => one.group === group).map(identityOf);
    return (commandPid) => {
      const command = runningProcesses()?.find(({ pid }) => pid === commandPid);
      return new SharedGroup({ group, bystanders, commandPid, command: command && identityOf(command) });
    };
  }

  isEmpty(): boolean {
    return this.pids().length === 0;
  }

  members(): readonly RunningProcess[] {
    return this.listed() ?? [];
  }

  send(signal: NodeJS.Signals): void {
    for (const pid of this.pids()) send(pid, signal);
  }

  /** The command alone, if the system does not list processes. */
  private pids(): readonly number[] {
    return this.listed()?.map(({ pid }) => pid) ?? (send(this.marks.commandPid, 0) ? [this.marks.commandPid] : []);
  }

  private listed(): readonly RunningProcess[] | undefined {
    const { group, command } = this.marks;
    const all = runningProcesses();
    const byPid = new Map(all?.map((one) => [one.pid, one]));
    const isOurs = (one: RunningProcess): boolean => {
      for (let at: RunningProcess | undefined = one; at; at = byPid.get(at.parentPid)) {
        if (identityOf(at) === command) return true;
        // Process 1 adopts processes whose parents have ended. Those of a bystander count as the command's.
        if (at.pid === 1 && at !== one) return true;
        if (this.bystanders.has(identityOf(at))) return false;
      }
      return true;
    };
    return all?.filter((one) => identityOf(one) === command || (one.group === group && isOurs(one)));
  }
}

/** Distinguishes a process from earlier and later ones with the same number. */
function identityOf({ pid, began }: RunningProcess): string {
  return `${pid}@${began}`;
}

/** Sends a signal. Returns whether the target exists, even if this user may not send it signals. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: a process of another user, such as one that `sudo` started; on macOS, zombies too.
    if (code === 'ESRCH' || code === 'EPERM') return code === 'EPERM';
    throw error;
  }
}
