import { randomUUID } from 'node:crypto';
import jsonata from 'jsonata';

/** What the expressions of a state see. */
export interface Sight {
  /** By name, without the `$`. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly states?: object;
  /** The time that the expressions are told. */
  readonly nowMs: number;
}

/** A field of a state of JSONata, with its expressions evaluated, as Step Functions would. */
export async function evaluated(field: unknown, sight: Sight): Promise<unknown> {
  if (typeof field === 'string') {
    const [, text] = /^\{%(.*)%\}$/s.exec(field) ?? [];
    return text === undefined ? field : evaluate(text, sight);
  }
  if (Array.isArray(field)) return Promise.all(field.map((part) => evaluated(part, sight)));
  if (typeof field !== 'object' || field === null) return field;
  const entries = Object.entries(field).map(async ([name, part]) => [name, await evaluated(part, sight)]);
  return Object.fromEntries(await Promise.all(entries)) as unknown;
}

async function evaluate(text: string, { variables, states = {}, nowMs }: Sight): Promise<unknown> {
  const expression = jsonata(text);
  expression.registerFunction('uuid', () => randomUUID());
  expression.registerFunction('millis', () => nowMs);
  return expression.evaluate(undefined, { ...variables, states });
}
