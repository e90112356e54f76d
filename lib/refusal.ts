import type { IConstruct } from 'constructs';

/**
 * An error at synth: what is wrong, with the prop in backticks and the value, and where in the tree. (The
 * errors of aws-cdk-lib itself are not for others to throw.)
 */
export function refusal(scope: IConstruct, message: string): Error {
  const error = new Error(`${message} [at ${scope.node.path}]`);
  error.name = 'ValidationError';
  return error;
}

/** A value as an error message quotes it: recognisable, and never long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const end = text.startsWith('"') ? '…"' : '…';
  return text.length > 80 ? text.slice(0, 80) + end : text;
}
