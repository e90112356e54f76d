import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import jsonata from 'jsonata';

/** Evaluates one expression a line, with what Step Functions adds to the language. */
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await evaluate(JSON.parse(line)))}\n`);
}

async function evaluate(text) {
  try {
    const expression = jsonata(text);
    expression.registerFunction('uuid', () => randomUUID());
    return { value: await expression.evaluate(undefined) };
  } catch (error) {
    return { error: error.message };
  }
}
