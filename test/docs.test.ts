import { compiledBlocks } from './docs-code.js';

test.each(['semaphore', 'several-locks', 'single-flight'])(
  'the code in docs/%s.md compiles',
  async (page) => {
    expect(await compiledBlocks(`docs/${page}.md`)).toBe('');
  },
  120_000,
);
