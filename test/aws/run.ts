import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Account } from './account.js';
import { bundleOf } from './bundle.js';
import { deploy, destroy, type Target } from './cdk.js';
import { clocks, contention, frozen, grant, timeOut } from './checks.js';
import { bill, totalOf } from './cost.js';
import type { Differences } from './dates.js';
import type { Finding } from './finding.js';
import { KINDS, stackName } from './names.js';
import { isGood, written } from './report.js';
import { forget, record } from './run-record.js';
import { Stage } from './stage.js';

/** Deploys, checks, destroys, writes the report. Resolves to the exit code. */
export async function tryAll(account: Account, id: string, requests: number): Promise<number> {
  const run = `${new Date().toISOString().slice(0, 19).replace(/\D/g, '')}-${randomBytes(3).toString('hex')}`;
  const target: Target = { run, account: id, region: account.region };
  const endpoint = process.env['AWS_ENDPOINT_URL'];
  const stage = new Stage(account, run, endpoint === undefined);
  const findings: Finding[] = [];
  let measured: Differences | undefined;
  const check = async (name: string, carryOut: () => Promise<Finding>): Promise<void> => {
    const finding = await carryOut().catch(
      (error: Error): Finding => ({ name, outcome: 'failed', said: error.message.slice(0, 500) }),
    );
    findings.push(finding);
    console.log(`${finding.outcome}: ${finding.name}: ${finding.said}`);
  };

  const stop = interruption();
  let leftOver = '';
  try {
    record(target);
    console.log(`deploying ${stackName(run)}; if this run is cut off: npm run test:aws -- --clean`);
    await deploy(target);
    console.log(`deployed: ${(await account.resources(run)).length} resources`);
    const carryOut = async (): Promise<void> => {
      await Promise.all(KINDS.map(async (kind) => account.upload(run, kind, await bundleOf(kind))));
      await stage.ready();
      await check('contention', () => contention(stage));
      await check('time-out', () => timeOut(stage));
      await check('frozen', () => frozen(stage));
      await check('grant', () => grant(stage));
      await check('clocks', async () => {
        const { finding, found } = await clocks(stage, requests);
        measured = found;
        return finding;
      });
    };
    await Promise.race([carryOut(), stop.happened]);
  } catch (error) {
    findings.push({ name: 'the run itself', outcome: 'failed', said: (error as Error).message });
    console.error(error);
  } finally {
    stage.close();
    leftOver = await destroyed(account, target).catch((error: Error) => `**Not destroyed**: ${error.message}`);
    stop.forget();
  }

  const isGone = leftOver.startsWith('Nothing');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const { requests: sent, withoutReport } = stage;
  const lines = bill({ requests: sent, withoutReport, billedMs: account.invocations.map(({ billedMs }) => billedMs) });
  const { region } = account;
  const text = written({ run, region, endpoint, version, findings, clocks: measured, bill: lines, leftOver });
  const file = `build/aws-report-${run}.md`;
  mkdirSync('build', { recursive: true });
  writeFileSync(file, text);
  console.log(`${leftOver}\ncost: about ${totalOf(lines).toFixed(4)} US dollars\nreport, for an issue: ${file}`);
  return isGood(findings) && isGone ? 0 : 1;
}

/** Also a deployment that has failed in its midst goes. */
async function destroyed(account: Account, target: Target): Promise<string> {
  const name = stackName(target.run);
  const isThere = async (): Promise<boolean> => (await account.stacks()).some((stack) => stack.name === name);
  if (await isThere()) {
    const resources = await account.resources(target.run);
    await destroy(target);
    if (await isThere()) throw new Error(`the stack ${name} is still there; npm run test:aws -- --clean`);
    forget(target.run);
    return `Nothing: the stack and its ${resources.length} resources are gone.`;
  }
  forget(target.run);
  return 'Nothing: no stack was made.';
}

/** Control-C, and an error that nothing has caught, end the checks; what was made is destroyed all the same. */
function interruption(): { readonly happened: Promise<never>; readonly forget: () => void } {
  let interrupt = (_why: unknown): void => {};
  const happened = new Promise<never>((_, reject) => {
    interrupt = (why) => reject(why instanceof Error ? why : new Error(`interrupted: ${why}`));
  });
  happened.catch(() => {});
  const events = ['SIGINT', 'SIGTERM', 'unhandledRejection', 'uncaughtException'];
  // Also a second one, while the stack goes, does not leave it there.
  for (const event of events) process.on(event, interrupt);
  return {
    happened,
    forget: () => {
      for (const event of events) process.off(event, interrupt);
    },
  };
}
