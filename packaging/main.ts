import { resolve } from 'node:path';
import { LANGUAGES, packFor, packForNpm } from './pack.js';
import { stage } from './stage.js';

/** Builds the package, and packs it for each that is named: `npm`, `python`, `java`, `go` or `dotnet`. */
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => name !== 'npm' && !LANGUAGES.some((language) => language === name));
if (unknown !== undefined) throw new Error(`there is no packing for ${unknown}`);

await stage();
if (wanted.includes('npm')) await packForNpm(resolve('build/npm'));
for (const language of LANGUAGES.filter((known) => wanted.includes(known))) await packFor(language);
