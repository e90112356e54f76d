import { type ChildProcess, spawn } from 'node:child_process';

/** Ends what it guards once nobody holds the other end of its input, unless it is told that all is well. */
const PROGRAM = 'read -r _ || { kill -s TERM -- "$1"; sleep "$2"; kill -s KILL -- "$1"; }';

/**
 * Outlives this process: should it be killed, the command that it runs must not go on without a lock. A
 * shell that waits for its input to end; the kernel closes that, whatever this process died of.
 */
export class Guardian {
  private readonly shell: ChildProcess | undefined;

  /**
   * @param target what `kill` takes: a process id, or a negative one for a group
   * @param graceSeconds from TERM to KILL
   */
  constructor(target: number, graceSeconds: number) {
    if (process.platform === 'win32') return;
    const args = ['-c', PROGRAM, 'cdk-lynk-guardian', String(target), graceSeconds.toFixed(2)];
    // Its own session: what a terminal sends to end the command is not for it.
    this.shell = spawn('/bin/sh', args, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.shell.on('error', () => {});
    this.shell.stdin?.on('error', () => {});
    this.shell.unref();
  }

  /** The command has ended: there is nothing to guard any more. */
  dismiss(): void {
    this.shell?.stdin?.end('\n');
  }
}
