/**
 * Makes the tables and drawings of docs/performance.md from the last results. It measures nothing.
 *
 *     npm run bench:page
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { readResults } from '../results.js';
import { renewed } from './page.js';
import { plots } from './plots.js';

const PAGE = 'docs/performance.md';

const results = readResults();
writeFileSync(PAGE, renewed(readFileSync(PAGE, 'utf8'), results));
for (const [file, drawing] of Object.entries(plots(results))) writeFileSync(file, drawing);
