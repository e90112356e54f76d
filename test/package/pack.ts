import { pack } from './packed.js';
import { installToolchains } from './toolchains.js';

/** Before test files that run beside each other ask for it. */
await Promise.all([installToolchains(), pack()]);
