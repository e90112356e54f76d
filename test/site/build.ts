import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';

/** Where `npm run docs` puts the site. */
export const SITE = '.cache/site';

/** Once for all test files. Fails where TypeDoc warns: of a link it cannot resolve, of what is exported without a text. */
export default function build(): void {
  rmSync(SITE, { recursive: true, force: true });
  execFileSync('npm', ['run', '--silent', 'docs'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
