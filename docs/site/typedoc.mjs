import { OptionDefaults } from 'typedoc';
import { CATEGORY_ORDER } from './categories.mjs';
import { markdownRules } from './markdown.mjs';
import { entryPoints, GROUPS, orderedPages } from './pages.mjs';

/** @type {import('typedoc').TypeDocOptions} */
export default {
  name: 'cdk-lynk',
  // Each release has a site of its own.
  includeVersion: true,
  entryPoints: Object.values(entryPoints()).map((path) => `../../${path}`),
  tsconfig: '../../tsconfig.build.json',
  readme: '../../README.md',
  projectDocuments: orderedPages().map((path) => `../../${path}`),
  out: '../../.cache/site',
  plugin: ['./plugin.mjs'],
  theme: 'cdk-lynk',
  customCss: './site.css',
  // There is no public address of a source file to link to.
  disableSources: true,
  disableGit: true,
  excludeExternals: true,
  excludePrivate: true,
  excludeInternal: true,
  hideGenerator: true,
  sortEntryPoints: false,
  groupOrder: [...Object.keys(GROUPS), '*'],
  categorizeByGroup: false,
  categoryOrder: CATEGORY_ORDER,
  navigation: { includeGroups: true, includeCategories: true },
  useFirstParagraphOfCommentAsSummary: true,
  markdownItLoader: markdownRules,
  searchInDocuments: true,
  searchInComments: true,
  highlightLanguages: [...OptionDefaults.highlightLanguages, 'python', 'yaml', 'hcl'],
  // jsii's.
  blockTags: [...OptionDefaults.blockTags, '@resource', '@attribute'],
  validation: { notExported: true, invalidLink: true, invalidPath: true, rewrittenLink: true, notDocumented: true },
  requiredToBeDocumented: ['Class', 'Interface', 'Function', 'TypeAlias', 'Variable', 'Method', 'Accessor'],
  treatWarningsAsErrors: true,
};
