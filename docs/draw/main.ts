/**
 * Draws the pictures of the documentation that come from runs of the client.
 *
 *     npm run draw                 of a run in virtual time, and of the recorded run of the quick start
 *     npm run draw -- --record     runs the quick start first, and records that
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { drawArchitecture } from './architecture.js';
import { drawChoosing } from './choosing.js';
import { drawDurableLife } from './durable-life.js';
import { drawLateHolder, drawTakeover, drawWaiting } from './meetings.js';
import { drawQuickstart, QUICKSTART_LOG } from './quickstart.js';
import { drawSandboxLife } from './sandbox-life.js';
import { drawWatchedLocks } from './watched-locks.js';

if (process.argv.includes('--record')) {
  execFileSync('npm', ['start'], { stdio: 'inherit' });
  copyFileSync('.cache/quickstart/events.jsonl', QUICKSTART_LOG);
}
writeFileSync('docs/architecture.svg', drawArchitecture());
writeFileSync('docs/choosing.svg', drawChoosing());
writeFileSync('docs/sandbox-life.svg', await drawSandboxLife());
writeFileSync('docs/durable-life.svg', await drawDurableLife());
writeFileSync('docs/quickstart.svg', drawQuickstart());
writeFileSync('docs/watched-locks.svg', await drawWatchedLocks());
writeFileSync('docs/takeover.svg', await drawTakeover());
writeFileSync('docs/waiting.svg', await drawWaiting());
writeFileSync('docs/late-holder.svg', await drawLateHolder());
