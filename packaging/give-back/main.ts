import { writeFileSync } from 'node:fs';
import { CODE_FILE, giveBackCode } from './bundle.js';

writeFileSync(CODE_FILE, await giveBackCode());
