// node .ci/place-site.mjs SITE FOLDER TAG: puts a built site into the folder of all releases' sites, under its tag.
// The newest release is also under `latest/`, and the folder's own page lists them all.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RELEASE = /^v(\d+)\.(\d+)\.(\d+)$/;
const [site, folder, tag] = process.argv.slice(2);
if (!RELEASE.test(tag ?? '')) throw new Error(`a release's tag is like v1.2.3, got ${tag}`);

mkdirSync(folder, { recursive: true });
place(tag);
const releases = readdirSync(folder)
  .filter((name) => RELEASE.test(name))
  .sort(byNewest);
if (releases[0] === tag) place('latest');
writeFileSync(join(folder, 'index.html'), listOf(releases));
// GitHub's own site generator would leave out names that begin with an underscore.
writeFileSync(join(folder, '.nojekyll'), '');
console.log(releases.join(' '));

function place(name) {
  const to = join(folder, name);
  rmSync(to, { recursive: true, force: true });
  cpSync(site, to, { recursive: true });
  for (const file of readdirSync(to, { recursive: true }).filter((path) => path.endsWith('.html'))) {
    const up = '../'.repeat(file.split(/[\\/]/).length);
    const link = `<p><a href="${up}index.html">Other versions</a></p></footer>`;
    writeFileSync(join(to, file), readFileSync(join(to, file), 'utf8').replace('</footer>', link));
  }
}

function byNewest(one, other) {
  const [a, b] = [one, other].map((name) => RELEASE.exec(name).slice(1).map(Number));
  return b[0] - a[0] || b[1] - a[1] || b[2] - a[2];
}

function listOf(names) {
  const items = ['latest', ...names].map((name) => `<li><a href="${name}/index.html">${name}</a></li>`).join('\n');
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>cdk-lynk: versions of the documentation</title></head>
<body style="font-family: system-ui, sans-serif; margin: 2rem"><h1>cdk-lynk</h1><p>The documentation of each release:</p>
<ul>
${items}
</ul></body></html>
`;
}
