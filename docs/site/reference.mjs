import { readFileSync } from 'node:fs';
import { Comment, DefaultTheme, JSX, ReflectionKind } from 'typedoc';

/**
 * What parameters are that are the same everywhere: those of constructs, and of errors, which the client makes.
 * @type {Record<string, string>}
 */
const USUAL = {
  scope: 'the construct that this one is made in, mostly a stack',
  id: 'its name within `scope`',
  message: 'what happened, for people',
  details: 'what the error tells besides its message',
  props: 'as the `Resource` of the CDK takes them',
  // Of function types.
  args: 'the arguments of the call',
  line: 'one line, without its line break',
  step: 'what the SDK gives to a step',
  child: 'the context that the SDK made for it',
  context: 'what the SDK gives to a step',
  error: 'what the attempt threw',
  attemptCount: 'how many attempts there were, with this one',
};

/**
 * Gives each parameter that has no text of its own one: that of the same parameter of another overload, or what is
 * usual, or what its type says of itself.
 * @param {import('typedoc').ProjectReflection} project
 */
export function describeParameters(project) {
  for (const signature of signaturesOf(project)) {
    for (const parameter of signature.parameters ?? []) {
      // What TypeDoc calls a parameter that is taken apart at once.
      if (parameter.name === '__namedParameters') parameter.name = 'details';
      if (hasText(parameter)) continue;
      const siblings = signature.parent.signatures?.flatMap(({ parameters }) => parameters ?? []) ?? [];
      const told = siblings.find((other) => other.name === parameter.name && hasText(other))?.comment?.summary;
      const usual = USUAL[parameter.name];
      const summary = told ?? (usual === undefined ? summaryOfType(parameter.type) : [{ kind: 'text', text: usual }]);
      if (summary) parameter.comment = new Comment(Comment.cloneDisplayParts(summary));
    }
  }
}

/**
 * The parameters that have no text after all, as `function(parameter)`.
 * @param {import('typedoc').ProjectReflection} project
 */
export function undescribedParameters(project) {
  return signaturesOf(project).flatMap((signature) =>
    (signature.parameters ?? [])
      .filter((parameter) => !hasText(parameter))
      .map((parameter) => `${signature.getFullName()}(${parameter.name})`),
  );
}

/** @param {import('typedoc').ProjectReflection} project */
function signaturesOf(project) {
  const kinds = ReflectionKind.CallSignature | ReflectionKind.ConstructorSignature;
  return /** @type {import('typedoc').SignatureReflection[]} */ (project.getReflectionsByKind(kinds));
}

/** @param {import('typedoc').Reflection} reflection */
function hasText({ comment }) {
  return comment?.summary.some(({ text }) => text.trim() !== '') ?? false;
}

/**
 * @param {import('typedoc').SomeType | undefined} type
 * @returns {import('typedoc').CommentDisplayPart[] | undefined}
 */
function summaryOfType(type) {
  if (type?.type === 'union') return type.types.map(summaryOfType).find((summary) => summary !== undefined);
  if (type?.type !== 'reference' || !type.reflection) return undefined;
  const { comment } = type.reflection;
  const short = comment?.getShortSummary(true);
  return short?.some(({ text }) => text.trim() !== '') ? short : undefined;
}

/** The default theme, but of overloads, what the first says is not said again: a later one shows what it adds. */
export class Theme extends DefaultTheme {
  /** @override @param {any} page */
  getRenderContext(page) {
    const context = super.getRenderContext(page);
    tellOverloadsOnce(context);
    return context;
  }
}

/** @param {import('typedoc').DefaultThemeRenderContext} context */
function tellOverloadsOnce(context) {
  const whole = context.memberSignatureBody;
  context.memberSignatureBody = (signature, options) => {
    const overloads = signature.parent.signatures ?? [];
    const before = overloads.slice(0, overloads.indexOf(signature));
    if (before.length === 0) return whole(signature, options);
    const known = new Set(before.flatMap(({ parameters }) => parameters ?? []).map(({ name }) => name));
    const added = (signature.parameters ?? []).filter(({ name }) => !known.has(name));
    const items = added.map((parameter) =>
      JSX.createElement(
        'li',
        null,
        JSX.createElement('span', { class: 'tsd-kind-parameter' }, parameter.name),
        ': ',
        context.type(parameter.type),
        context.commentSummary(parameter),
      ),
    );
    return JSX.createElement(
      JSX.Fragment,
      null,
      // The signature links to its type parameters.
      signature.typeParameters?.map((type) => JSX.createElement('span', { id: context.getAnchor(type) })),
      context.commentSummary(signature),
      items.length > 0 &&
        JSX.createElement(
          'div',
          { class: 'tsd-parameters' },
          JSX.createElement('h4', { class: 'tsd-parameters-title' }, 'Parameters'),
          JSX.createElement('ul', { class: 'tsd-parameter-list' }, items),
        ),
      context.commentTags(signature),
    );
  };
}

/**
 * What an entry point says of itself in its first line, after its name.
 * @param {string} path
 */
export function summaryOfEntry(path) {
  const summary = /^\/\*\* [\w/-]+: (.+) \*\//.exec(readFileSync(path, 'utf8'))?.[1];
  if (summary === undefined) throw new Error(`${path} does not begin with what it is`);
  return summary.charAt(0).toUpperCase() + summary.slice(1);
}
