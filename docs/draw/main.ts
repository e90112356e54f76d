/**
 * Draws the pictures of the documentation that come from runs of the client.
 *
 *     npm run draw
 */
import { writeFileSync } from 'node:fs';
import { drawSandboxLife } from './sandbox-life.js';

writeFileSync('docs/sandbox-life.svg', await drawSandboxLife());
