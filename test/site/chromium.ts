import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

/** Its 138 is the last that asks for nothing newer than Node.js 20. */
const PACKAGE = { name: '@sparticuz/chromium', version: '138.0.2' };
const FOLDER = resolve(`.cache/chromium-${PACKAGE.version}`);

/** How to start a Chromium without a window. */
export interface Chromium {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The one that `CHROMIUM` names; else, on Linux x64, one from the npm registry, which is unpacked into the ignored folder
 * `.cache` on first use.
 */
export async function chromium(): Promise<Chromium> {
  const own = process.env['CHROMIUM'];
  if (own) return { path: own, environment: {} };
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('No Chromium is fetched for this platform: set CHROMIUM to the path of one.');
  if (!existsSync(FOLDER)) await fetchInto(FOLDER);
  return {
    path: join(FOLDER, 'chromium'),
    environment: { LD_LIBRARY_PATH: join(FOLDER, 'lib'), FONTCONFIG_PATH: FOLDER },
  };
}

async function fetchInto(folder: string): Promise<void> {
  const loading = `${folder}.loading`;
  rmSync(loading, { recursive: true, force: true });
  mkdirSync(loading, { recursive: true });
  const { name, version } = PACKAGE;
  const install = ['install', '--prefix', loading, '--ignore-scripts', '--no-audit', '--no-fund', '--silent'];
  execFileSync('npm', [...install, `${name}@${version}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  for (const packed of ['chromium', 'al2023.tar', 'fonts.tar', 'swiftshader.tar']) {
    const from = createReadStream(join(loading, 'node_modules', name, 'bin', `${packed}.br`));
    await pipeline(from, createBrotliDecompress(), createWriteStream(join(loading, packed)));
    if (packed.endsWith('.tar')) execFileSync('tar', ['-xf', packed], { cwd: loading });
  }
  chmodSync(join(loading, 'chromium'), 0o755);
  // Its own names the folders of a Lambda function.
  const folders = [join(folder, 'fonts'), '/usr/share/fonts'].map((path) => `<dir>${path}</dir>`).join('');
  const code = '<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>';
  writeFileSync(
    join(loading, 'fonts.conf'),
    `<fontconfig>${folders}${code}<cachedir>${folder}/cache</cachedir></fontconfig>`,
  );
  rmSync(join(loading, 'node_modules'), { recursive: true });
  renameSync(loading, folder);
}
