import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiReports, REVIEWED } from './api.js';

/** Writes the reports anew, for somebody to review: `npm run api`. */
const reports = apiReports();
rmSync(REVIEWED, { recursive: true, force: true });
mkdirSync(REVIEWED);
for (const { file, text } of reports) writeFileSync(join(REVIEWED, file), text);
