import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Browser } from './browser.js';
import { SITE } from './build.js';
import { htmlFiles } from './links.js';

const WIDTH_PIXELS = 390;

/** What sticks out of the page: innermost first, and not what scrolls by itself. */
const STICKING_OUT = `[...document.querySelectorAll('body *')]
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
  .filter((element) => {
    for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(box).overflowX)) return false;
    return true;
  })
  .map((element) => element.tagName + '.' + element.className + ': ' + element.textContent.slice(0, 40))
  .slice(-3)`;
/** How wide the page is, with what sticks out. */
const PAGE_WIDTH = 'document.documentElement.scrollWidth';

let browser: Browser;
beforeAll(async () => {
  browser = await Browser.start();
});
afterAll(() => browser?.end());

test('no page is wider than a phone', async () => {
  const pages = htmlFiles(resolve(SITE));
  expect(pages.length).toBeGreaterThan(80);
  const wide: unknown[] = [];
  for (const page of pages) {
    await browser.open(pathToFileURL(page).href, { widthPixels: WIDTH_PIXELS, scripts: false });
    const width = await browser.evaluate<number>(PAGE_WIDTH);
    if (width > WIDTH_PIXELS)
      wide.push([relative(resolve(SITE), page), width, await browser.evaluate<string[]>(STICKING_OUT)]);
  }
  expect(wide).toEqual([]);
});

test('a page that is wider is found', async () => {
  const html = encodeURIComponent(
    '<meta name="viewport" content="width=device-width"><body style="margin: 0"><div style="width: 500px">x</div>',
  );
  await browser.open(`data:text/html,${html}`, { widthPixels: WIDTH_PIXELS });
  expect(await browser.evaluate<number>(PAGE_WIDTH)).toBe(500);
});
