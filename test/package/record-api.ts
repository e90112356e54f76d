import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReports, REVIEWED } from './api.js';

/** Writes the reports anew, for somebody to review: `npm run api`. */
rmSync(REVIEWED, { recursive: true, force: true });
mkdirSync(REVIEWED);
for (const { file, text } of apiReports()) writeFileSync(join(REVIEWED, file), text);
