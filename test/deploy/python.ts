import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const PACKAGES = ['moto[server]==5.2.5', 'lynk==0.3.1', 'cfn-lint==1.58.0', 'aws-sam-translator==1.115.0'];

/** A program of the virtual environment, which is made on first use in the ignored folder `.cache`. */
export function python(program: string): string {
  const folder = resolve('.cache/deploy/venv');
  const complete = join(folder, `complete-${PACKAGES.join('-')}`);
  if (!existsSync(complete)) {
    mkdirSync(resolve('.cache/deploy'), { recursive: true });
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'pipe' });
    execFileSync(join(folder, 'bin', 'pip'), ['install', '--quiet', ...PACKAGES], { stdio: 'pipe' });
    writeFileSync(complete, '');
  }
  return join(folder, 'bin', program);
}
