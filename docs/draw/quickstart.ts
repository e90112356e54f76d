import { readFileSync } from 'node:fs';
import { logOf, pictureOf } from '../../examples/quickstart/picture.js';

/** The event log of a run of the quick start. */
export const QUICKSTART_LOG = 'docs/draw/quickstart.jsonl';

/** The picture that `npm start` drew of the recorded run. */
export function drawQuickstart(): string {
  return pictureOf(logOf(readFileSync(QUICKSTART_LOG, 'utf8')));
}
