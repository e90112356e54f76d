import type { Serdes } from './execution.js';

/** Stores the `value` of a result as the user has it, and the rest as JSON. */
export function valueSerdes<T, R extends { readonly value?: T | undefined } | object>(serdes: Serdes<T>): Serdes<R> {
  return {
    async serialize(result, context) {
      if (result === undefined) return undefined;
      const value = 'value' in result ? await serdes.serialize(result.value as T, context) : undefined;
      return JSON.stringify({ ...result, value });
    },
    async deserialize(text, context) {
      if (text === undefined) return undefined;
      const result = JSON.parse(text) as R & { value?: string };
      if (result.value === undefined) return result;
      return { ...result, value: await serdes.deserialize(result.value, context) };
    },
  };
}
