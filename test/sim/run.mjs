/**
 * Runs the simulation. All but the first four go to test/sim/main.ts:
 *
 *     --list-rules      the rules that can be taken out; fails if one no longer fits the source, or does not compile
 *     --without RULE    takes one out of this build
 *     --prove-rules     searches without each rule in turn, until a violation
 *     --rule RULE       with --prove-rules: that one only; may be given again
 *     --seed N          replays one schedule, with its trace
 *     --from N          the first seed (0)
 *     --schedules K     how many (20000); from 100000 on, an interrupted search goes on where it stopped
 *     --durable         schedules with durable executions; their seeds are their own
 *     --checker NAME    counts only the violations of this checker
 *     --keep-going      counts all violations, instead of stopping at the first
 */
import { execFile, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { parseArgs, promisify } from 'node:util';
import { bundle } from './build.mjs';
import { listRules } from './check-rules.mjs';
import { RULES } from './rules.mjs';

const MOST_SCHEDULES = 20_000;

const { values, tokens } = parseArgs({
  strict: false,
  tokens: true,
  options: {
    'list-rules': { type: 'boolean' },
    'prove-rules': { type: 'boolean' },
    rule: { type: 'string', multiple: true },
    without: { type: 'string' },
    from: { type: 'string' },
    schedules: { type: 'string' },
    seed: { type: 'string' },
    checker: { type: 'string' },
  },
});

// An interrupt reaches the child too; this process stays to clear up after it.
process.on('SIGINT', () => {});

if (values['list-rules']) process.exitCode = await listRules();
else if (values['prove-rules']) process.exitCode = await proveRules(values.rule ?? Object.keys(RULES));
else process.exitCode = await run(values.without);

async function run(without) {
  const passedOn = tokens.filter(({ kind, name }) => kind === 'option' && name !== 'without');
  const args = passedOn.flatMap(({ rawName, value }) => (value === undefined ? [rawName] : [rawName, value]));
  return withBundle(without, (file) => {
    const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { stdio: 'inherit' });
    return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
  });
}

/** Each rule is needed: without it, the checker that is there for it sees a violation. */
async function proveRules(rules) {
  let failed = 0;
  for (const rule of rules) {
    const { checker = 'mutual-exclusion', from = 0, isDurable = false } = RULES[rule] ?? {};
    const args = ['--json', '--checker', checker, '--from', String(from), '--schedules', String(MOST_SCHEDULES)];
    if (isDurable) args.push('--durable');
    const { found, done } = await withBundle(rule, async (file) => {
      const outcome = promisify(execFile)(process.execPath, [file, ...args]);
      // A violation, which is what is wanted here, ends it with 1.
      const { stdout } = await outcome.catch((error) => error);
      return JSON.parse(stdout);
    });
    if (found.length > 0) console.log(`ok sim: without ${rule}: violation at seed ${found[0].seed} (${checker})`);
    else console.log(`not ok sim: without ${rule}: no violation in ${done} schedules`);
    if (found.length === 0) failed += 1;
  }
  console.log(`${rules.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

async function withBundle(without, use) {
  const file = await bundle(without);
  try {
    return await use(file);
  } finally {
    await rm(file);
  }
}
