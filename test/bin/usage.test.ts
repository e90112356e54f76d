import { typed } from './tool.js';

/** Nothing sends a request: there is no DynamoDB at this endpoint. */
beforeEach(() => {
  for (const name of ['LYNK_TABLE_NAME', 'AWS_REGION', 'AWS_ENDPOINT_URL_DYNAMODB']) delete process.env[name];
});

describe('a wrong command line is refused by name, with exit code 64', () => {
  test.each<[readonly string[], RegExp]>([
    [[], /which command\?/],
    [['lock'], /there is no command "lock"; there are run, ls, show, break, tables, completion$/m],
    [['rnu'], /there is no command "rnu"; did you mean run\?$/m],
    [['lits'], /there is no command "lits"; did you mean list\?$/m],
    [['brake'], /there is no command "brake"; did you mean break\?$/m],
    [['run'], /NAME is missing/],
    [['run', 'a'], /COMMAND is missing: what to run, after --/],
    [['run', 'a', '--'], /COMMAND is missing/],
    [['run', 'a', '--', ''], /COMMAND is empty/],
    [['run', '--', 'true'], /NAME is missing/],
    [['run', 'a', 'make', 'all'], /unexpected "make": put -- before the command to run/],
    [['run', 'a', 'b', '--', 'true'], /unexpected argument "b"/],
    [['run', 'a', '--wiat', '3', '--', 'true'], /unknown option "--wiat"; did you mean --wait\?$/m],
    [['run', 'a', '--permit=3', '--', 'true'], /unknown option "--permit"; did you mean --permits\?$/m],
    [['run', 'a', '--fast', '--', 'true'], /unknown option "--fast"$/m],
    [['run', 'a', '-x', '--', 'true'], /unknown option "-x"/],
    [['run', 'a', '--wait', '--', 'true'], /--wait takes a value/],
    [['run', 'a', '--wait', '--lease', '3', '--', 'true'], /--wait takes a value/],
    [['run', 'a', '--verbose=yes', '--', 'true'], /--verbose takes no value/],
    [['run', 'a', '--wait', 'long', '--', 'true'], /--wait is a number of seconds from 0 to 86400, got "long"/],
    [['run', 'a', '--wait', '', '--', 'true'], /--wait is empty/],
    [['run', 'a', '--wait', ' ', '--', 'true'], /--wait is a number of seconds .* got " "/],
    [['run', 'a', '--wait', '86401', '--', 'true'], /--wait is .* got "86401"/],
    [['run', 'a', '--wait=-1', '--', 'true'], /--wait is .* got "-1"/],
    [['run', 'a', '--lease', '0', '--', 'true'], /--lease is a whole number of seconds from 1 to 86400, got "0"/],
    [['run', 'a', '--lease', '1.5', '--', 'true'], /--lease is a whole number of seconds .* got "1.5"/],
    [['run', 'a', '--grace', '-', '--', 'true'], /--grace is a number of seconds .* got "-"/],
    [
      ['run', 'a', '--lease', '8', '--grace', '3', '--', 'true'],
      /--grace is at most a quarter of the lease, 2 s, got "3"/,
    ],
    [['run', 'a', '--permits', '0', '--', 'true'], /--permits is a whole number of permits from 1 to 100, got "0"/],
    [['run', 'a', '-n', '3', '--', 'true'], /unexpected argument "3"/],
    [['run', 'a', '-n', '--wait', '3', '--', 'true'], /--nonblock and --wait exclude each other/],
    [['run', 'a', '-qv', '--', 'true'], /--quiet and --verbose exclude each other/],
    [['run', 'a', '-E', '256', '--', 'true'], /--conflict-exit-code is a whole number from 0 to 255, got "256"/],
    [['run', 'a', '-t', 'my-locks', '--profile', '', '--', 'true'], /--profile is empty/],
    [['run', 'a', '--permits', 'all', '--', 'true'], /--permits is .* got "all"/],
    [['run', 'a', '--', 'true'], /which table\? Pass --table TABLE, or set LYNK_TABLE_NAME/],
    [['run', 'a', '--table', 'x', '--', 'true'], /a table's name has 3 to 255 letters, .* got "x"/],
    [['run', 'a', '--table', '', '--', 'true'], /--table is empty/],
    [['run', '', '--table', 'my-locks', '--', 'true'], /a lock's name is not empty/],
    [['run', 'x'.repeat(2049), '--table', 'my-locks', '--', 'true'], /at most 2048 UTF-8 bytes/],
    [
      ['run', 'a', '-t', 'my-locks', '--endpoint-url', 'localhost', '--', 'true'],
      /--endpoint-url is a URL .* got "localhost"/,
    ],
    [['run', 'a', '-t', 'my-locks', '--region', '', '--', 'true'], /--region is empty/],
    [['ls', 'nightly'], /unexpected argument "nightly"/],
    [['ls', '--interval', '3'], /--interval goes with --watch/],
    [['ls', '--watch', '--interval', '0'], /--interval is a number of seconds from 0.1 to 3600, got "0"/],
    [['ls'], /which table\?/],
    [
      ['ls', '-t', 'my-locks', '--prefix', 'x'.repeat(2049)],
      /prefix is how a lock's name begins, up to 2048 UTF-8 bytes/,
    ],
    [['show'], /NAME is missing/],
    [['show', 'a', 'b'], /unexpected argument "b"/],
    [['show', 'a'], /which table\?/],
    [['break'], /NAME is missing/],
    [['break', 'a'], /--reason is missing: the holder is told why/],
    [['break', 'a', '--reason', ''], /--reason is empty/],
    [['break', 'a', '--reason', 'stuck'], /no terminal to ask for confirmation: pass --yes/],
    [['break', 'a', '--reason', 'stuck', '--yes'], /which table\?/],
    [['completion'], /SHELL is missing/],
    [['completion', 'fish'], /SHELL is bash or zsh, got "fish"/],
    [['completion', 'bash', '--region', 'eu-west-1'], /unknown option "--region"/],
    [['tables', 'all'], /unexpected argument "all"/],
    [['tables', '--table', 'my-locks'], /unknown option "--table"/],
  ])('cdk-lynk %j', async (args, why) => {
    const { code, output, complaints } = await typed(args);

    expect(complaints).toMatch(why);
    expect(code).toBe(64);
    expect(output).toBe('');
    // For people: no trace, and where to read on.
    expect(complaints).not.toMatch(/\n\s+at /);
    expect(complaints.startsWith('cdk-lynk: ')).toBe(true);
  });
});

test.each([
  ['LYNK_LEASE_SECONDS', '1.5', /LYNK_LEASE_SECONDS is a whole number of seconds from 1 to 86400, got "1.5"$/m],
  ['LYNK_LEASE_SECONDS', 'invocation', /LYNK_LEASE_SECONDS is a whole number .* got "invocation"$/m],
  ['LYNK_WAIT_SECONDS', '-1', /LYNK_WAIT_SECONDS is a number of seconds from 0 to 86400, got "-1"$/m],
])('a wrong default of the environment is refused by name: %s=%s', async (variable, value, why) => {
  process.env[variable] = value;
  const { code, complaints } = await typed(['run', 'a', '--', 'true']);
  delete process.env[variable];

  expect(complaints).toMatch(why);
  expect(code).toBe(64);
});

test.each([
  [[], 'See cdk-lynk --help'],
  [['run'], 'See cdk-lynk run --help'],
])('a refusal says where to read on', async (args, hint) => {
  expect((await typed(args)).complaints).toContain(hint);
});

test.each([
  [undefined, /^cdk-lynk: boom\n$/],
  ['1', /^cdk-lynk: boom\nError: boom\n\s+at /],
])('a bug is printed in one line, with code 70; a trace only on request (%s)', async (debug, complaint) => {
  if (debug) process.env['CDK_LYNK_DEBUG'] = debug;
  const onOutput = (): void => {
    throw new Error('boom');
  };

  const { code, complaints } = await typed(['ls', '--help'], { onOutput });

  delete process.env['CDK_LYNK_DEBUG'];
  expect(code).toBe(70);
  expect(complaints).toMatch(complaint);
});
