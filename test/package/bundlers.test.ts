import { ENTRIES } from './api.js';
import { Consumer } from './consumer.js';

const BUNDLERS = ['rollup@4.68.8', '@rollup/plugin-node-resolve@16.0.3', 'vite@8.4.0'] as const;

/** Bundles one entry point with one bundler, and prints all that this warns of. */
const PROGRAM = `
import { writeFileSync } from 'node:fs';
import { nodeResolve } from '@rollup/plugin-node-resolve';
import { rollup } from 'rollup';
import { build } from 'vite';

// Not so in a comment, as in an example: each of its lines begins with a star.
const IMPORTS_US = /^(?!\\s*\\*).*from ?['"]cdk-lynk/m;
const external = [/^@/, /^node:/, /^aws-cdk-lib/, /^constructs/];
const warnings = [];
const onwarn = ({ code, message }) => warnings.push(code + ': ' + message);
const note = (message) => warnings.push(String(message));
const customLogger = {
  info() {}, clearScreen() {}, hasErrorLogged: () => false, hasWarned: false, warn: note, warnOnce: note, error: note,
};
const WAYS = {
  Rollup: async (input) => {
    const bundle = await rollup({ input, external, plugins: [nodeResolve()], onwarn });
    const { output } = await bundle.generate({ format: 'es' });
    return output[0].code;
  },
  Vite: async (ssr) => {
    const options = { ssr, write: false, rollupOptions: { external, onwarn } };
    const { output } = await build({ configFile: false, customLogger, ssr: { noExternal: true }, build: options });
    return output[0].code;
  },
};
const [way, entry] = process.argv.slice(2);
writeFileSync('entry.mjs', "export * from '" + entry + "';");
const code = await WAYS[way]('entry.mjs');
console.log(JSON.stringify({ warnings, isWhole: code.length > 1000 && !IMPORTS_US.test(code) }));
`;

const consumer = new Consumer();
beforeAll(async () => {
  await consumer.install([]);
  await consumer.add(BUNDLERS);
  consumer.write('bundle.mjs', PROGRAM);
});
afterAll(() => consumer.remove());

describe.each(['Rollup', 'Vite'])('%s warns of nothing', (way) => {
  test.each(Object.keys(ENTRIES))('in a bundle of %s', async (entry) => {
    const printed = await consumer.run(process.execPath, ['bundle.mjs', way, entry.replace('.', 'cdk-lynk')]);
    expect(JSON.parse(printed.trim().split('\n').at(-1) ?? '')).toEqual({ warnings: [], isWhole: true });
  });
});
