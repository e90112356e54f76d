import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { applied, ROOT, RUNTIME } from './build.mjs';
import { RULES } from './rules.mjs';

/** Declared and not used: a rule that is taken out may leave that behind. */
const UNUSED = [6133, 6138, 6192, 6196, 6198, 6199];

/**
 * Prints each rule, and after it what is wrong with it: its text is not in the source exactly once, or the source does
 * not compile with its replacement. esbuild checks no names, so such a build would crash, and prove nothing.
 * @returns the exit code: 1 if anything is wrong
 */
export async function listRules() {
  const mistakes = new Map();
  const edited = new Map();
  for (const [name, { edits }] of Object.entries(RULES)) {
    mistakes.set(name, []);
    edited.set(name, await editedFiles(edits, mistakes.get(name)));
  }
  const compiler = new Compiler();
  for (const batch of batchesOf(edited)) {
    const files = new Map([...batch.values()].flatMap((own) => [...own]));
    compiler.edit(files);
    for (const [name, own] of batch) mistakes.get(name).push(...compiler.mistakesIn(own.keys()));
  }
  for (const [name, { says }] of Object.entries(RULES)) {
    console.log(`${name.padEnd(32)}${says}`);
    for (const mistake of mistakes.get(name)) console.log(`  not ok: ${mistake}`);
  }
  return [...mistakes.values()].some((list) => list.length > 0) ? 1 : 0;
}

/** The files that a rule edits, by path, with their edited text. */
async function editedFiles(edits, mistakes) {
  const files = new Map();
  for (const edit of edits) {
    const path = join(RUNTIME, edit.file);
    try {
      files.set(path, applied(files.get(path) ?? (await readFile(path, 'utf8')), edit));
    } catch (error) {
      mistakes.push(error.message);
    }
  }
  return files;
}

/** Rules that edit different files are compiled together: a compiler run per rule takes half a second. */
function batchesOf(edited) {
  const batches = [];
  for (const [name, files] of edited) {
    const isFree = (batch) => [...batch.values()].every((other) => [...files.keys()].every((path) => !other.has(path)));
    const batch = batches.find(isFree) ?? batches[batches.push(new Map()) - 1];
    batch.set(name, files);
  }
  return batches;
}

/** Type-checks files of the runtime with other text than they have on disk. */
class Compiler {
  edited = new Map();
  version = 0;
  service = ts.createLanguageService(this.host());

  edit(files) {
    this.edited = files;
    this.version += 1;
  }

  mistakesIn(paths) {
    return [...paths].flatMap((path) =>
      [...this.service.getSyntacticDiagnostics(path), ...this.service.getSemanticDiagnostics(path)]
        .filter(({ code }) => !UNUSED.includes(code))
        .map(
          ({ messageText }) =>
            `${path.slice(RUNTIME.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
        ),
    );
  }

  host() {
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    return {
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      readDirectory: ts.sys.readDirectory,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      getCompilationSettings: () => options,
      getCurrentDirectory: () => ROOT,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      getScriptFileNames: () => [join(RUNTIME, 'index.ts'), ...this.edited.keys()],
      getScriptVersion: (path) => (this.edited.has(path) ? String(this.version) : 'on disk'),
      getScriptSnapshot: (path) => {
        const text = this.edited.get(path) ?? ts.sys.readFile(path);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
    };
  }
}
