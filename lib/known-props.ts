import type { IConstruct } from 'constructs';
import { refusal } from './refusal.js';

/** Every prop of an interface. The compiler reports a missing one. */
export type Known<Props> = { readonly [Name in keyof Required<Props>]: true };

/**
 * Throws for an unknown prop, such as a typo or a prop of another construct. In TypeScript, the compiler reports it. In
 * JavaScript, it would silently have no effect.
 */
export function refuseUnknown<Props extends object>(
  scope: IConstruct,
  props: Props,
  known: Known<Props>,
  where: string,
): void {
  const given = Object.entries(props).filter(([, value]) => value !== undefined);
  const unknown = given.map(([name]) => name).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return;
  const names = unknown.map((name) => `\`${name}\``).join(', ');
  const kinds = Object.keys(known)
    .map((name) => `\`${name}\``)
    .join(', ');
  throw refusal(scope, `${where} knows no prop ${names}; it takes ${kinds}`);
}
