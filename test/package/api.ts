import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { STAGE } from '../../packaging/stage.js';

/** Where the reviewed reports are: what a user can name, with its types, in one file an entry point. */
export const REVIEWED = 'etc';

/** By the entry's name in the exports map, where its declarations are and what its report is called. */
export const ENTRIES = {
  '.': { folder: 'lib', report: 'cdk-lynk' },
  './runtime': { folder: 'runtime', report: 'runtime' },
  './testing': { folder: 'runtime/testing', report: 'testing' },
  './runtime/durable': { folder: 'runtime/durable', report: 'runtime-durable' },
  './runtime/light': { folder: 'runtime/light', report: 'runtime-light' },
  './runtime/middy': { folder: 'runtime/middy', report: 'runtime-middy' },
  './runtime/opentelemetry': { folder: 'runtime/opentelemetry', report: 'runtime-opentelemetry' },
  './runtime/powertools': { folder: 'runtime/powertools', report: 'runtime-powertools' },
} as const;

/** What the declarations of an entry point give. */
export interface ApiReport {
  readonly entry: string;
  /** The name of its file in `etc`. */
  readonly file: string;
  readonly text: string;
  /** Types that a signature names and that cannot be imported from this entry point. */
  readonly unreachable: readonly string[];
  /** What else is wrong with the declarations or their comments. */
  readonly faults: readonly string[];
}

/** Comments hold code as people read it, indented; to TSDoc's own grammar, a brace in it is a tag that is broken. */
const PROSE = [
  'tsdoc-characters-after-block-tag',
  'tsdoc-escape-greater-than',
  'tsdoc-escape-right-brace',
  'tsdoc-malformed-inline-tag',
  'tsdoc-param-tag-missing-hyphen',
  'tsdoc-undefined-tag',
];
/** Nothing here is alpha or beta, and a name can say all that there is to say. */
const NOT_ASKED_FOR = ['ae-missing-release-tag', 'ae-undocumented'];

function configOf(folder: string, report: string, reportFolder: string): ExtractorConfig {
  const entryPoint = join(STAGE, 'dist/esm', folder, 'index.d.ts');
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
  };
  const silent = { logLevel: ExtractorLogLevel.None };
  const told = { logLevel: ExtractorLogLevel.Warning };
  return ExtractorConfig.prepare({
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: entryPoint,
      compiler: { overrideTsconfig: { compilerOptions, files: [entryPoint] } },
      apiReport: { enabled: true, reportFileName: report, reportFolder, reportTempFolder: join(reportFolder, 'temp') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: 'lf',
      messages: {
        compilerMessageReporting: { default: told },
        extractorMessageReporting: {
          default: told,
          ...Object.fromEntries(NOT_ASKED_FOR.map((id) => [id, silent])),
        },
        tsdocMessageReporting: { default: told, ...Object.fromEntries(PROSE.map((id) => [id, silent])) },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: resolve('package.json'),
  });
}

/** The report of each entry point of the package as it is built. */
export function apiReports(): ApiReport[] {
  const reportFolder = resolve('.cache/api');
  rmSync(reportFolder, { recursive: true, force: true });
  mkdirSync(reportFolder, { recursive: true });
  return Object.entries(ENTRIES).map(([entry, { folder, report }]) => {
    const unreachable: string[] = [];
    const faults: string[] = [];
    Extractor.invoke(configOf(folder, report, reportFolder), {
      localBuild: true,
      messageCallback: (message) => {
        if (message.logLevel === ExtractorLogLevel.Warning && message.messageId === 'ae-forgotten-export') {
          unreachable.push(/The symbol "(\w+)"/.exec(message.text)?.[1] ?? message.text);
        } else if (message.logLevel === ExtractorLogLevel.Warning && message.category !== 'console') {
          faults.push(`${message.messageId}: ${message.text} (${message.sourceFilePath}:${message.sourceFileLine})`);
        }
        message.handled = true;
      },
    });
    const file = readdirSync(reportFolder).find((name) => name === `${report}.api.md`);
    if (!file) throw new Error(`no report of ${entry}`);
    return { entry, file, text: readFileSync(join(reportFolder, file), 'utf8'), unreachable, faults };
  });
}

/** The names that an entry point exports, as its report has them. */
export function exportedBy({ text }: ApiReport): Set<string> {
  const declared = text.matchAll(/^export (?:declare )?(?:abstract )?(?:class|const|function|interface|type) (\w+)/gm);
  return new Set([...declared].map(([, name]) => name ?? ''));
}
