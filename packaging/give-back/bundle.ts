import { build } from 'esbuild';

/** Where the constructs find the function's code. */
export const CODE_FILE = 'lib/give-back-code.ts';
/** Of the code of a function in a template. */
const MOST_CHARACTERS = 4096;

/**
 * The code of the function that gives locks back, as `lib/` has it: a text, which goes into the template. So there is
 * no file to be found from five languages, and nothing to be uploaded.
 */
export async function giveBackCode(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['packaging/give-back/handler.ts'],
    bundle: true,
    write: false,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    // The runtime has it.
    external: ['@aws-sdk/*'],
  });
  const code = outputFiles[0]?.text.trim() ?? '';
  if (code.length > MOST_CHARACTERS) throw new Error(`the function's code has ${code.length} characters`);
  return [
    '// Made by `npm run bundle:give-back` from packaging/give-back/handler.ts.',
    '/** The code of the function that gives back the locks of executions that have ended. */',
    `export const GIVE_BACK_CODE =\n  ${JSON.stringify(code)};`,
    '',
  ].join('\n');
}
