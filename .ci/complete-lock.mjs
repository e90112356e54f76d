// A registry that carries one platform's binaries only makes `npm install` leave the other platforms'
// optional packages out of package-lock.json, and `npm ci` then refuses the lock file. This adds them
// back, as npm would have written them but for their checksums. Run it after `npm install`.
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'openbsd', 'netbsd', 'sunos', 'aix', 'win32'];
const CPU = { x64: 'x64', ia32: 'ia32', arm64: 'arm64', arm: 'arm', armv7: 'arm', ppc64: 'ppc64', riscv64: 'riscv64' };
Object.assign(CPU, { s390x: 's390x', loong64: 'loong64', mips64el: 'mips64el', wasm32: 'wasm32' });

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const added = [];
for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const isThere = `node_modules/${name}` in lock.packages || `${path}/node_modules/${name}` in lock.packages;
    if (isThere) continue;
    const words = name.split('/').at(-1).split('-');
    const os = words.filter((word) => OS.includes(word));
    const cpu = words.flatMap((word) => CPU[word] ?? []);
    if (os.length !== 1 || cpu.length !== 1) throw new Error(`${name}: no platform in the name`);
    const entry = { version, cpu, dev: true, optional: true, os };
    if (words.some((word) => word.startsWith('musl'))) entry.libc = ['musl'];
    else if (words.includes('gnu') && os[0] === 'linux') entry.libc = ['glibc'];
    lock.packages[`node_modules/${name}`] = entry;
    added.push(`${name}@${version}`);
  }
}
const { '': root, ...others } = lock.packages;
lock.packages = { '': root, ...Object.fromEntries(Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1))) };
writeFileSync('package-lock.json', `${JSON.stringify(lock, undefined, 2)}\n`);
console.log(added.length === 0 ? 'nothing was missing' : added.join('\n'));
