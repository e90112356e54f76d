import { readFileSync } from 'node:fs';
import { METRICS } from '../../runtime/protocol/wire.js';

const text = readFileSync('docs/observability.md', 'utf8');

test('every metric stands in docs/observability.md', () => {
  const { namespace, dimension, ...names } = METRICS;
  for (const name of [namespace, dimension, ...Object.values(names)]) expect(text).toContain(`\`${name}\``);
});

test('and every event, with its level as it is logged', () => {
  const lines = readFileSync('runtime/observe/event-logger.ts', 'utf8');
  const losses = readFileSync('runtime/observe/logger.ts', 'utf8');
  const lost = ['', 'lost', /return \['(\w+)'/.exec(losses)?.[1]] as const;
  const cases = [...lines.matchAll(/case '([a-z-]+)':(?:(?!case ')[\s\S])*?return \[\s*'(\w+)'/g), lost];
  expect(cases.length).toBeGreaterThan(10);
  for (const [, event, level] of cases) expect(text).toMatch(new RegExp(`\\| \`${event}\` +\\| ${level} +\\|`));
});
