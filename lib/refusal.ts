import type { IConstruct } from 'constructs';

/**
 * An error at synth: what is wrong, with the prop in backticks and the value, and where in the tree. (The
 * errors of aws-cdk-lib itself are not for others to throw.)
 */
export function refusal(scope: IConstruct, message: string): Error {
  const error = new Error(`${spelled(message)} [at ${scope.node.path}]`);
  error.name = 'ValidationError';
  return error;
}

/**
 * A message, whose props and methods are in backticks, in the spelling of the app's language. jsii says which one that
 * is; Python alone spells them otherwise.
 */
export function spelled(message: string): string {
  if (!process.env['JSII_AGENT']?.startsWith('Python/')) return message;
  return message.replace(/`[a-z][\w.]*`/g, (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
}

/** A value as an error message quotes it: recognisable, and never long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const end = text.startsWith('"') ? '…"' : '…';
  return text.length > 80 ? text.slice(0, 80) + end : text;
}
