// The tag that a release is made of: it names the package's version, and the changelog says what is in it.
import { readFileSync } from 'node:fs';

const [tag] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const heading = readFileSync('CHANGELOG.md', 'utf8')
  .split('\n')
  .find((line) => line.startsWith(`## ${version}`));
if (tag !== `v${version}`) throw new Error(`the tag is ${tag}, and the version in package.json ${version}`);
if (!/^## \S+ - \d{4}-\d\d-\d\d$/.test(heading ?? '')) {
  throw new Error(`CHANGELOG.md has no heading "## ${version} - <the day of the release>"`);
}
console.log(`${tag}: ${heading}`);
