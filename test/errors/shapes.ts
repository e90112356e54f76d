import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The message of an error as the source builds it: its fixed words, with anything between them. */
export interface Shape {
  /** File and line. */
  readonly where: string;
  readonly pattern: RegExp;
}

/** A pattern with fewer fixed characters than that says nothing: the message is made elsewhere. */
const FEWEST_FIXED = 10;
const ANYTHING = '[^]*';

/** Which argument of a call is part of a message. `check` has two, about what came. */
const MESSAGE_ARGUMENTS = new Map([
  ['check', [1, 2]],
  ['permanent', [0]],
  ['lose', [1]],
  ['refusal', [1]],
]);

/** Every message shape below a folder, but for these subfolders. */
export function shapesIn(folder: string, except: readonly string[] = []): Shape[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !except.some((other) => name.startsWith(other)))
    .flatMap((name) => shapesOf(join(folder, name)));
}

function shapesOf(file: string): Shape[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const shapes: Shape[] = [];
  const visit = (node: ts.Node): void => {
    const texts = messageOf(node).map(patternOf);
    const fixed = texts.join('').replaceAll(ANYTHING, '').replaceAll('\\', '');
    if (fixed.length >= FEWEST_FIXED) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      shapes.push({
        where: `${file}:${line + 1}`,
        pattern: new RegExp(texts.join(ANYTHING)),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return shapes;
}

function messageOf(node: ts.Node): ts.Expression[] {
  if (ts.isNewExpression(node) && ts.isIdentifier(node.expression)) {
    const isOurs = /^(?:Lock|Lynk|CannotDeserialize|InvocationEnding|Usage|MissingPackage)\w*Error$/.test(
      node.expression.text,
    );
    return isOurs ? [...(node.arguments ?? [])].slice(0, 1) : [];
  }
  if (!ts.isCallExpression(node)) return [];
  const { expression: callee } = node;
  const name = ts.isIdentifier(callee) ? callee.text : ts.isPropertyAccessExpression(callee) ? callee.name.text : '';
  return (MESSAGE_ARGUMENTS.get(name) ?? []).flatMap((index) => node.arguments[index] ?? []);
}

function patternOf(message: ts.Expression): string {
  if (ts.isStringLiteralLike(message)) return escaped(message.text);
  if (ts.isParenthesizedExpression(message)) return patternOf(message.expression);
  if (ts.isBinaryExpression(message)) return patternOf(message.left) + patternOf(message.right);
  if (!ts.isTemplateExpression(message)) return ANYTHING;
  const spans = message.templateSpans.map(({ literal }) => ANYTHING + escaped(literal.text));
  return escaped(message.head.text) + spans.join('');
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
