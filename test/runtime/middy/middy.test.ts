import middy from '@middy/core';
import { testWith } from './handlers.js';

// test/package/middy-7.test.ts does the same with the next version.
describe('middy 6', () => testWith(() => middy));
