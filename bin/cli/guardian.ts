import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT } from './command-line.js';
import { SharedGroup, type SharedGroupMarks } from './process-group.js';

/**
 * Waits for the end of its input. What is left then is the command `$pid`, to be ended with `$grace` seconds. Who
 * tells all of a service's processes to end means the guardian too; it ends with the tool.
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

/** Ends the group that the command leads. It does not wait for a group that is empty already. */
const END_OWN_GROUP = `${WAIT}
kill -s TERM -- "-$pid"
sleep "$grace" & sleeper=$!
while kill -s 0 "$sleeper" && kill -s 0 -- "-$pid"; do sleep 0.1; done
kill "$sleeper"
kill -s KILL -- "-$pid"`;

/** Ends the command, and has this tool (`$1` and `$2`, which takes `$3`) find what else it has started. */
const END_SHARED_GROUP = `${WAIT}
kill -s TERM "$pid"
"$1" "$2" "$3" "$marks" "$grace" || { sleep "$grace"; kill -s KILL "$pid"; }`;

/** The word on the command line by which a guardian starts this tool. It is for nobody else. */
export const END_GROUP = 'end-group-of-lost-run';

/**
 * Outlives this process: should it be killed, what it has started must not go on without a lock. A shell that
 * waits for its input to end; the kernel closes that, whatever this process died of.
 */
export class Guardian {
  private readonly shell: ChildProcess | undefined;

  /**
   * Before the command is started: its first moments are guarded too.
   *
   * @param graceSeconds from TERM to KILL
   * @param isShared whether the command is started in the group of this process
   */
  constructor(graceSeconds: number, isShared: boolean) {
    if (process.platform === 'win32') return;
    const args = [isShared ? END_SHARED_GROUP : END_OWN_GROUP, 'cdk-lynk-guardian'];
    if (isShared) args.push(process.execPath, process.argv[1] ?? '', END_GROUP);
    // Its own session: what a terminal sends to end the command is not for it.
    this.shell = spawn('/bin/sh', ['-c', ...args], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.shell.on('error', () => {});
    this.shell.stdin?.on('error', () => {});
    this.shell.unref();
    this.tell(`grace ${graceSeconds.toFixed(2)}`);
  }

  /** The command has been started. */
  guard(commandPid: number): void {
    this.tell(`guard ${commandPid}`);
  }

  /** How to tell the command's processes from others of their group. */
  distinguish(marks: SharedGroupMarks): void {
    this.tell(`guard ${marks.commandPid} ${JSON.stringify(marks)}`);
  }

  /** The group was told to end already: if this process is killed from now on, there is no more grace. */
  hurry(): void {
    this.tell('grace 0');
  }

  /** There is nothing to guard any more. */
  dismiss(): void {
    this.shell?.stdin?.end('done\n');
  }

  private tell(line: string): void {
    this.shell?.stdin?.write(`${line}\n`);
  }
}

/** What a guardian starts this tool for, once the tool that started the guardian was killed. */
export async function endSharedGroup([text = '', graceSeconds = '']: readonly string[]): Promise<number> {
  const marks = JSON.parse(text) as SharedGroupMarks | number;
  // Killed before it could tell more than the command's number: the guardian ends that one.
  if (typeof marks === 'number') return EXIT.no;
  const group = new SharedGroup(marks);
  const killAtMs = performance.now() + Number(graceSeconds) * 1000;
  group.send('SIGTERM');
  while (!group.isEmpty() && performance.now() < killAtMs) await sleep(100);
  // What is being started meanwhile may escape one look.
  for (let looks = 0; !group.isEmpty() && looks < 50; looks += 1) {
    group.send('SIGKILL');
    await sleep(20);
  }
  return EXIT.ok;
}
