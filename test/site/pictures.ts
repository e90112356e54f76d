/**
 * Takes pictures of the pages of the built site, to be looked at: wide and narrow, light and dark.
 *
 *     npm run docs && npm run docs:pictures [part of a page's name]
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Browser } from './browser.js';
import { htmlFiles } from './links.js';

const SITE = resolve('.cache/site');
const PICTURES = '.cache/site-pictures';
/** More than fits in a picture that one can still read is not taken. */
const HEIGHT_PIXELS = 6000;

const part = process.argv[2] ?? '';
const browser = await Browser.start();
mkdirSync(PICTURES, { recursive: true });
for (const page of htmlFiles(SITE).filter((path) => relative(SITE, path).includes(part))) {
  for (const widthPixels of [1400, 390]) {
    for (const dark of [false, true]) {
      await browser.open(pathToFileURL(page).href, { widthPixels, dark });
      const name = relative(SITE, page).replaceAll('/', '_').replace('.html', '');
      const picture = await browser.picture(HEIGHT_PIXELS);
      writeFileSync(join(PICTURES, `${name}-${widthPixels}-${dark ? 'dark' : 'light'}.png`), picture);
    }
  }
}
await browser.end();
