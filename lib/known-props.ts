import type { IConstruct } from 'constructs';
import { refusal } from './refusal.js';

/** Each prop of an interface; the compiler sees to it that none is missing. */
export type Known<Props> = { readonly [Name in keyof Required<Props>]: true };

/**
 * Refuses what is no prop: a typo, or one that does something elsewhere. In TypeScript the compiler does; from
 * JavaScript such a prop would have no effect, and nobody would know.
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
