/** One question, and what to use if the answer is yes. */
interface Choice {
  readonly question: string;
  readonly about: string;
  readonly use: string;
  readonly because: string;
}

/** From the simplest to what is left. The test holds them against the page. */
export const CHOICES: readonly Choice[] = [
  {
    question: 'Does one item of DynamoDB change, or a few?',
    about: 'and nothing outside of it',
    use: 'a conditional write, a transaction',
    because: 'nobody holds anything',
  },
  {
    question: 'Must an event not be handled twice?',
    about: 'a retry, a second click, a message delivered again',
    use: 'idempotency',
    because: 'it stores that it was done',
  },
  {
    question: 'Does all of it come as messages?',
    about: 'which one consumer can take one after the other',
    use: 'a FIFO queue',
    because: 'a message group for each account',
  },
  {
    question: 'Is it enough that a workflow starts once?',
    about: 'Step Functions, or a durable function',
    use: 'a name for the execution',
    because: 'a second start is refused',
  },
  {
    question: 'Does the work outlast an invocation?',
    about: 'waits, approvals, many steps',
    use: 'a lock that the workflow holds',
    because: 'protect, or withDurableLock',
  },
  {
    question: 'Do two at once do little harm, and is it urgent?',
    about: 'a millisecond counts, and Redis is there',
    use: 'Redlock',
    because: 'fast; a pause may let two in',
  },
  {
    question: 'Might a late write do harm?',
    about: 'from a process that was frozen while it held the lock',
    use: 'a lock, and guarded writes',
    because: 'or fencing tokens',
  },
];

/** What is left if all answers are no. */
export const OTHERWISE: Pick<Choice, 'use' | 'because'> = { use: 'a lock', because: 'withLock, tryWithLock' };

const [LEFT, RIGHT, ASKED, USED] = [20, 510, 410, 290] as const;
const [TOP, HIGH, APART] = [44, 52, 74] as const;
const WIDTH = RIGHT + USED + 20;
const HEIGHT = TOP + CHOICES.length * APART + HIGH + 20;

const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2430; }
.ground { fill: #ffffff; stroke: #d5d9e0; }
.asked { fill: #f5f7fa; stroke: #b9c0cb; }
.used { fill: #e6edf9; stroke: #8fa9d8; }
.strong { font-weight: 600; font-size: 14px; }
.says { font-size: 12px; fill: #505967; }
.way { stroke: #2f66c4; stroke-width: 2; fill: none; }
.point { fill: #2f66c4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .ground { fill: #12161d; stroke: #323945; }
  .asked { fill: #1a202a; stroke: #4a5462; }
  .used { fill: #1c2a44; stroke: #4b68a5; }
  .says { fill: #a7b0bd; }
  .way { stroke: #7ba4f0; }
  .point { fill: #7ba4f0; }
}`;

const text = (kind: string, left: number, top: number, said: string): string =>
  `<text class="${kind}" x="${left}" y="${top}">${said}</text>`;

const box = (kind: string, place: readonly [left: number, top: number, width: number], says: readonly string[]) => {
  const [left, top, width] = place;
  const [strong = '', more = ''] = says;
  return [
    `<rect class="${kind}" x="${left}" y="${top}" width="${width}" height="${HIGH}" rx="6"/>`,
    text('strong', left + 12, top + 22, strong),
    text('says', left + 12, top + 41, more),
  ].join('\n');
};

function row({ question, about, use, because }: Choice, index: number): string {
  const top = TOP + index * APART;
  const middle = top + HIGH / 2;
  const [from, down] = [LEFT + ASKED, top + HIGH] as const;
  return [
    box('asked', [LEFT, top, ASKED], [question, about]),
    box('used', [RIGHT, top, USED], [use, because]),
    `<path class="way" d="M ${from} ${middle} H ${RIGHT - 9}"/>`,
    `<path class="point" d="M ${RIGHT - 10} ${middle - 6} V ${middle + 6} L ${RIGHT - 1} ${middle} Z"/>`,
    text('says', from + 24, middle - 7, 'yes'),
    `<path class="way" d="M ${LEFT + 40} ${down} V ${down + APART - HIGH - 9}"/>`,
    `<path class="point" d="M ${LEFT + 34} ${down + 12} H ${LEFT + 46} L ${LEFT + 40} ${down + 21} Z"/>`,
    text('says', LEFT + 54, down + 15, 'no'),
  ].join('\n');
}

/** Draws the questions, and what each of them leads to. */
export function drawChoosing(): string {
  const title = 'What to use in place of a lock, and when to use one';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    `<title>${title}</title>`,
    '<desc>Questions from the top down, and what to use if the answer is yes. The page has them as a list.</desc>',
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8"/>`,
    text('says', LEFT, 28, 'From the top down: the first yes is your answer'),
    ...CHOICES.map(row),
    box('used', [LEFT, TOP + CHOICES.length * APART, ASKED], [OTHERWISE.use, OTHERWISE.because]),
    '</svg>',
    '',
  ].join('\n');
}
