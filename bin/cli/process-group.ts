import { type RunningProcess, runningProcesses } from './processes.js';

/** A command and what it has started, except for what has left its process group. */
export interface ProcessGroup {
  /** Whether none of it runs any more. */
  isEmpty(): boolean;
  /** Those that run, as far as the system tells. */
  members(): readonly RunningProcess[];
  /** Reaches all of it that this user may send signals to. */
  send(signal: NodeJS.Signals): void;
}

/**
 * That of a command which leads a group of its own. The system gives its number to no other process while a
 * member is left.
 */
export class OwnGroup implements ProcessGroup {
  private constructor(private readonly leaderPid: number) {}

  static readonly of = (leaderPid: number): OwnGroup => new OwnGroup(leaderPid);

  isEmpty(): boolean {
    if (!send(-this.leaderPid, 0)) return true;
    // Somebody is left; if only zombies are, nobody runs.
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

/** What tells the processes of a command from others of their group. It can be handed to another process. */
export interface SharedGroupMarks {
  /** The number of the group; absent where the system does not tell. */
  readonly group?: number | undefined;
  /** Those that were in it before the command started. */
  readonly bystanders: readonly string[];
  readonly commandPid: number;
  /** Absent where the command ended at once. */
  readonly command?: string | undefined;
}

/**
 * That of a command which shares the group of this process: on a terminal, as only the foreground group may
 * read from it. Others are in that group, such as the rest of a pipeline, or the script that has started this
 * process. They were there before the command, or descend from those that were.
 */
export class SharedGroup implements ProcessGroup {
  private readonly bystanders: ReadonlySet<string>;

  constructor(readonly marks: SharedGroupMarks) {
    this.bystanders = new Set(marks.bystanders);
  }

  /** Looks at the group of this process, and again once the command was started in it. */
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

  /** The command alone, where the system does not tell who there is. */
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
        // The first process adopts whoever has lost its parent. A bystander's are not told from the command's.
        if (at.pid === 1 && at !== one) return true;
        if (this.bystanders.has(identityOf(at))) return false;
      }
      return true;
    };
    return all?.filter((one) => identityOf(one) === command || (one.group === group && isOurs(one)));
  }
}

/** Tells a process from all that had its number before, or will have it. */
function identityOf({ pid, began }: RunningProcess): string {
  return `${pid}@${began}`;
}

/** Whether there is somebody there, even if not for this user to send signals to. */
function send(target: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: of another user, as what `sudo` starts is; on macOS, of zombies too.
    if (code === 'ESRCH' || code === 'EPERM') return code === 'EPERM';
    throw error;
  }
}
