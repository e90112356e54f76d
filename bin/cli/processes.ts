import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** One process of this machine. */
export interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  readonly name: string;
  /** When it began, as the system prints it. Together with the process id, it identifies the process. */
  readonly began: string;
}

/**
 * All processes that run; undefined if the system does not list them. A zombie does not run: it has ended, and only
 * waits for its parent to read its exit code.
 */
export function runningProcesses(): readonly RunningProcess[] | undefined {
  try {
    // Linux lists them in files; its minimal images have no `ps`. macOS has no such files.
    return existsSync('/proc/self/stat') ? processesOfProc() : processesOfPs();
  } catch {
    return undefined;
  }
}

function processesOfProc(): readonly RunningProcess[] {
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return [];
    let text: string;
    try {
      text = readFileSync(`/proc/${entry}/stat`, 'utf8');
    } catch {
      // The process has ended meanwhile.
      return [];
    }
    // proc(5): the name is in brackets, and may itself contain brackets.
    const nameEnd = text.lastIndexOf(')');
    const [state = '', parentPid, group, ...more] = text.slice(nameEnd + 2).split(' ');
    const [threads, began = ''] = [more[14], more[16]];
    // A program whose main thread has ended still runs if it has other threads.
    if ('ZX'.includes(state) && !(Number(threads) > 1)) return [];
    const name = text.slice(text.indexOf('(') + 1, nameEnd);
    return [{ pid: Number(entry), parentPid: Number(parentPid), group: Number(group), name, began }];
  });
}

/** Exported for its test, which runs on Linux. */
export function processesOfPs(): readonly RunningProcess[] {
  // lstart is a full date. In English, it has five words on every system.
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,pgid=,stat=,lstart=,comm='], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    timeout: 5000,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return text.split('\n').flatMap((line) => {
    const [pid, parentPid, group, state = 'Z', ...rest] = line.trim().split(/\s+/);
    if (state.startsWith('Z')) return [];
    const [began, name] = [rest.slice(0, 5).join(' '), basename(rest.slice(5).join(' '))];
    return [{ pid: Number(pid), parentPid: Number(parentPid), group: Number(group), name, began }];
  });
}
