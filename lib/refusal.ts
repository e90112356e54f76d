import type { IConstruct } from 'constructs';

/**
 * An error at synth. Its message says what is wrong, with the prop in backticks, the value, and the construct's path.
 * (The error classes of aws-cdk-lib are not for other packages.)
 */
export function refusal(scope: IConstruct, message: string): Error {
  const error = new Error(`${spelled(message)} [at ${scope.node.path}]`);
  error.name = 'ValidationError';
  return error;
}

/**
 * Spells the props and methods of a message, which are in backticks, as the app's language does. jsii tells which
 * language that is. Only Python spells them differently.
 */
export function spelled(message: string): string {
  if (!process.env['JSII_AGENT']?.startsWith('Python/')) return message;
  return message.replace(/`[a-z][\w.]*`/g, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** A value as an error message quotes it, shortened to about 80 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const end = text.startsWith('"') ? '…"' : '…';
  return text.length > 80 ? text.slice(0, 80) + end : text;
}
