import { writeFileSync } from 'node:fs';
import { PAGE, pageOf, provokedErrors } from './page.js';

/** Writes docs/errors.md anew: `npm run record:errors`. */
writeFileSync(PAGE, pageOf(await provokedErrors()));
