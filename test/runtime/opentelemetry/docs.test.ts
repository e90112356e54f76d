import { readFileSync } from 'node:fs';
import { ATTRIBUTES } from '../../../runtime/opentelemetry/lock-tracing.js';

test('docs/tracing.md names every attribute and every event', () => {
  const text = readFileSync('docs/tracing.md', 'utf8');
  const events = [...readFileSync('runtime/opentelemetry/lock-tracing.ts', 'utf8').matchAll(/'(lock\.\w+)'/g)];

  expect(Object.keys(ATTRIBUTES).length).toBeGreaterThan(10);
  expect(events.length).toBeGreaterThan(4);
  for (const name of [...Object.values(ATTRIBUTES), ...events.map(([, event]) => event ?? '')]) {
    expect(text).toContain(`\`${name}\``);
  }
});
