import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** One process of this machine, as the system lists it. */
export interface RunningProcess {
  readonly pid: number;
  readonly parentPid: number;
  readonly group: number;
  readonly name: string;
  /** When it began, in the system's own words. With the process id, it tells one process from all others. */
  readonly began: string;
}

/**
 * All processes that run; undefined where the system does not tell. A zombie does not run: it has ended, and
 * only waits for its parent to ask how.
 */
export function runningProcesses(): readonly RunningProcess[] | undefined {
  try {
    // Linux has them in files, and minimal images of it have no `ps`. macOS has no such files.
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
      // It has ended meanwhile.
      return [];
    }
    // proc(5): the name stands in brackets, and may itself hold some.
    const nameEnd = text.lastIndexOf(')');
    const [state = '', parentPid, group, ...more] = text.slice(nameEnd + 2).split(' ');
    const [threads, began = ''] = [more[14], more[16]];
    // The main thread of a program may have ended before its others: then the program lives.
    if ('ZX'.includes(state) && !(Number(threads) > 1)) return [];
    const name = text.slice(text.indexOf('(') + 1, nameEnd);
    return [{ pid: Number(entry), parentPid: Number(parentPid), group: Number(group), name, began }];
  });
}

/** Exported for its test, which runs on Linux. */
export function processesOfPs(): readonly RunningProcess[] {
  // The time is long, and needs English names of days to have as many words everywhere.
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
