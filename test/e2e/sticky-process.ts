import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { stickyLock } from '../../runtime/index.js';

/**
 * Uses a sticky lock once and stays. Arguments: lock, lease in seconds, and what listens to SIGTERM besides: `nobody`,
 * or `an application`, which ends the process itself after half a second.
 */
const [name = '', leaseSeconds, listener] = process.argv.slice(2);

/** What it prints. */
export interface StickyReport {
  readonly event: 'used' | 'closed';
}

function report(event: StickyReport['event']): void {
  writeSync(1, `${JSON.stringify({ event })}\n`);
}

if (listener === 'an application') {
  process.on('SIGTERM', () => {
    void sleep(500).then(() => {
      report('closed');
      process.exit(3);
    });
  });
}
await stickyLock(name, { leaseSeconds: Number(leaseSeconds) }).use(undefined, () => report('used'));
setInterval(() => {}, 1000);
