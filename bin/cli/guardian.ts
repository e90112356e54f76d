import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './command-line.js';
import { SharedGroup, type SharedGroupMarks } from './process-group.js';

/**
 * Waits for the end of its input. Then the command `$pid` has to be ended, within `$grace` seconds. It ignores signals:
 * a service manager sends them to all processes, and the guardian ends when the tool does.
 */
const WAIT = `trap '' HUP INT QUIT TERM
while read -r word rest; do
  case $word in
    guard) pid=\${rest%% *} marks=\${rest#* } ;;
    grace) grace=$rest ;;
    done) exit ;;
  esac
done
[ -n "$pid" ] || exit`;

/** Ends the group that the command leads. Does not wait if the group is empty already. */
const END_OWN_GROUP = `${WAIT}
kill -s TERM -- "-$pid"
sleep "$grace" & sleeper=$!
while kill -s 0 "$sleeper" && kill -s 0 -- "-$pid"; do sleep 0.1; done
kill "$sleeper"
kill -s KILL -- "-$pid"`;

/** Ends the command, and runs this tool (`$1 $2 $3`) to end all that the command has started. */
const END_SHARED_GROUP = `${WAIT}
kill -s TERM "$pid"
"$1" "$2" "$3" "$marks" "$grace" || { sleep "$grace"; kill -s KILL "$pid"; }`;

/** The internal command by which a guardian starts this tool. */
export const END_GROUP = 'end-group-of-lost-run';

/**
 * A shell that outlives this process, and ends the command if this process is killed: nothing may run on without the
 * lock. The shell waits for its input to end; the kernel closes it, whatever this process died of.
 */
export class Guardian {
  private readonly shell: ChildProcess | undefined;

  /**
   * To be made before the command is started, so that its first moments are guarded too.
   * @param graceSeconds seconds from TERM to KILL
   * @param isShared whether the command is in the process group of this process
   */
  constructor(graceSeconds: number, isShared: boolean) {
    if (process.platform === 'win32') return;
    const args = [isShared ? END_SHARED_GROUP : END_OWN_GROUP, 'cdk-lynk-guardian'];
    if (isShared) args.push(process.execPath, process.argv[1] ?? '', END_GROUP);
    // A session of its own, so that signals of the terminal do not reach it.
    this.shell = spawn('/bin/sh', ['-c', ...args], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.shell.on('error', () => {});
    this.shell.stdin?.on('error', () => {});
    this.shell.unref();
    this.write(`grace ${graceSeconds.toFixed(2)}`);
  }

  /** Guards the command, which has been started. */
  guard(commandPid: number): void {
    this.write(`guard ${commandPid}`);
  }

  /** Sets the marks that distinguish the command's processes from others of their group. */
  distinguish(marks: SharedGroupMarks): void {
    this.write(`guard ${marks.commandPid} ${JSON.stringify(marks)}`);
  }

  /** Removes the grace: the group has received TERM already, so the guardian would send KILL at once. */
  hurry(): void {
    this.write('grace 0');
  }

  /** Ends the guardian: there is nothing left to guard. */
  dismiss(): void {
    this.shell?.stdin?.end('done\n');
  }

  private write(line: string): void {
    this.shell?.stdin?.write(`${line}\n`);
  }
}

/** Ends what a killed tool has started. The guardian of that tool runs it. */
export async function endSharedGroup([text = '', graceSeconds = '']: readonly string[]): Promise<number> {
  const marks = JSON.parse(text) as SharedGroupMarks | number;
  // The tool was killed before it sent the marks: the guardian ends the command alone.
  if (typeof marks === 'number') return EXIT.no;
  const group = new SharedGroup(marks);
  const killAtMs = performance.now() + Number(graceSeconds) * 1000;
  group.send('SIGTERM');
  while (!group.isEmpty() && performance.now() < killAtMs) await sleep(100);
  // One attempt may miss processes that are just being started.
  for (let attempts = 0; !group.isEmpty() && attempts < 50; attempts += 1) {
    group.send('SIGKILL');
    await sleep(20);
  }
  return EXIT.ok;
}
