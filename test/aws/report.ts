import { type BillLine, totalOf } from './cost.js';
import { clockTable, type Differences } from './dates.js';
import type { Finding } from './finding.js';

/** What a run tells. It names no account. */
export interface RunReport {
  readonly run: string;
  readonly region: string;
  /** Of a stand-in; undefined for AWS itself. */
  readonly endpoint: string | undefined;
  readonly version: string;
  readonly findings: readonly Finding[];
  readonly clocks: Differences | undefined;
  readonly bill: readonly BillLine[];
  /** What was made and is gone, or why it is not. */
  readonly leftOver: string;
}

/** As Markdown, to be attached to an issue: no number of an account is in it, such as errors name. */
export function written(report: RunReport): string {
  return textOf(report).replaceAll(/\b\d{12}\b/g, '(account)');
}

function textOf(report: RunReport): string {
  const { run, region, endpoint, version, findings, clocks, bill, leftOver } = report;
  const where = endpoint ? `**Not AWS: stand-ins at ${endpoint}.** What they cannot show is “not checked”.` : 'On AWS.';
  return [
    `# cdk-lynk ${version}, tried in ${region}`,
    '',
    `Run ${run}. ${where}`,
    '',
    '| check | outcome | |',
    '| --- | --- | --- |',
    ...findings.map(({ name, outcome, said }) => `| ${name} | **${outcome}** | ${said.replace(/[|\n]/g, ' ')} |`),
    '',
    '## Clocks of DynamoDB’s front ends',
    '',
    ...(clocks
      ? ['Each answer’s `Date` was compared with the clock of the sandbox that received it.', '', ...clockTable(clocks)]
      : ['Not measured.']),
    '',
    '## Cost',
    '',
    '| what | how many | US dollars each | US dollars |',
    '| --- | --- | --- | --- |',
    ...bill.map(({ what, count, price }) => {
      const unit = price.toExponential(3);
      return `| ${what} | ${count.toLocaleString('en-US')} | ${unit} | ${(count * price).toFixed(6)} |`;
    }),
    `| **in all** | | | **${totalOf(bill).toFixed(4)}** |`,
    '',
    'By the list prices of us-east-1; a free tier may take all of it.',
    '',
    `## Left over`,
    '',
    leftOver,
    '',
  ].join('\n');
}

export function isGood(findings: readonly Finding[]): boolean {
  return findings.length > 0 && findings.every(({ outcome }) => outcome !== 'failed');
}
