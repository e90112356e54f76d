import { join, resolve } from 'node:path';
import { installOnce } from '../../packaging/install.js';
import { type Middy, testWith } from '../runtime/middy/handlers.js';

/** Wants Node.js 22, and says so when it is installed: so it is not among the packages of this repository. */
const MIDDY_7 = '7.9.2';
let middy: Middy;

beforeAll(async () => {
  const modules = await installOnce(resolve('.cache/middy-7'), { '@middy/core': MIDDY_7 });
  ({ default: middy } = require(join(modules, '@middy/core/index.js')));
});

describe('middy 7', () => testWith(() => middy));
