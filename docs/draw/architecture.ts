/** A folder of the source, and the files of it that one call of `withLock` passes through. */
interface Folder {
  readonly path: string;
  readonly says: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly steps?: readonly Step[];
  /** Drawn inside another. */
  readonly within?: true;
}

/** A step on the way of the call. */
interface Step {
  readonly file: string;
  readonly does: string;
}

type Room = Pick<Folder, 'path' | 'says' | 'steps'>;

/** The rooms of a lock, the last in the order of imports first, and the store below them. */
const ROOMS: readonly Room[] = [
  {
    path: 'runtime/client/',
    says: 'puts the parts together',
    steps: [{ file: 'default.ts', does: 'which table, and one client for the process' }],
  },
  { path: 'runtime/admin/', says: 'inspect, list, break' },
  { path: 'runtime/recipes/', says: 'semaphore, several locks, single flight, sticky lock' },
  {
    path: 'runtime/acquire/',
    says: 'from requested to granted',
    steps: [
      { file: 'lock.ts', does: 'tells options from work' },
      { file: 'acquire-request.ts', does: 'checks options; fits the wait into the invocation' },
      { file: 'acquire.ts', does: 'callers of this process queue: core/local-queue.ts' },
      { file: 'contend.ts', does: 'the head of the queue writes, or polls' },
    ],
  },
  {
    path: 'runtime/hold/',
    says: 'from granted to ended',
    steps: [
      { file: 'hold.ts', does: 'held until its deadline; lease-renewer.ts refreshes' },
      { file: 'run-under.ts', does: 'your work runs' },
      { file: 'release.ts', does: 'the entry is deleted, or replaced by a tombstone' },
    ],
  },
  { path: 'runtime/entry/', says: 'one row of the table: read, assessed, tried again' },
  { path: 'runtime/options/', says: 'public options, and their checks' },
  { path: 'runtime/observe/', says: 'events, logger, metrics' },
  { path: 'runtime/core/', says: 'shared by the process; I/O only through store.ts' },
  {
    path: 'runtime/protocol/',
    says: 'pure decisions: takeover.ts, lease.ts, version.ts, …',
    steps: [{ file: 'takeover.ts', does: 'may the entry that stands be taken over?' }],
  },
  {
    path: 'runtime/store/',
    says: 'implements core/store.ts; only this knows DynamoDB',
    steps: [{ file: 'hold-store.ts', does: 'one conditional write for each decision' }],
  },
];

/** What stands on the rooms: whole handlers, other packages, tests. */
const BESIDE: readonly Room[] = [
  { path: 'runtime/lambda/', says: 'whole handlers, sticky locks' },
  { path: 'runtime/light/', says: 'an entry without the SDK' },
  { path: 'runtime/middy/', says: 'a middleware' },
  { path: 'runtime/powertools/', says: 'logger and metrics' },
  { path: 'runtime/opentelemetry/', says: 'spans' },
  { path: 'runtime/durable/', says: 'locks of executions' },
  { path: 'runtime/testing/', says: 'locks for your tests' },
];

const ROOMS_TOP = 142;
const GAP = 6;

/** Boxes one below the other, as high as what is in them. */
function stacked(rooms: readonly Room[], place: { left: number; width: number; low: number; gap: number }): Folder[] {
  const { left, width, low, gap } = place;
  let next = ROOMS_TOP;
  return rooms.map((room) => {
    const top = next;
    const height = room.steps ? 42 + 24 * room.steps.length : low;
    next += height + gap;
    return { ...room, left, top, width, height, within: true };
  });
}

const ofRooms = stacked(ROOMS, { left: 284, width: 480, low: 32, gap: GAP });
const bottomOf = ({ top, height }: Folder): number => top + height;
const ROOMS_BOTTOM = Math.max(...ofRooms.map(bottomOf));
const CLIENT_BOTTOM = ROOMS_BOTTOM + 16;

/** What is drawn, from the top down. The test holds it against the source. */
export const FOLDERS: readonly Folder[] = [
  {
    path: 'lib/',
    says: 'constructs: the table, grants, alarms, states',
    left: 20,
    top: 52,
    width: 370,
    height: 36,
  },
  { path: 'bin/', says: 'the command line; a CDK app', left: 410, top: 52, width: 370, height: 36 },
  {
    path: 'runtime/',
    says: 'the client: a room on the right imports only rooms below it',
    left: 20,
    top: 108,
    width: 760,
    height: CLIENT_BOTTOM - 108,
  },
  ...stacked(BESIDE, { left: 36, width: 232, low: 50, gap: 8 }),
  ...ofRooms,
];

const WIDTH = 800;
const HEIGHT = CLIENT_BOTTOM + 56;

const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2430; }
.ground { fill: #ffffff; stroke: #d5d9e0; }
.folder { fill: #f5f7fa; stroke: #b9c0cb; }
.within { fill: #e6edf9; stroke: #8fa9d8; }
.path { font-weight: 600; font-size: 14px; }
.says { font-size: 12px; fill: #505967; }
.file { font-weight: 600; font-size: 12px; }
.does { font-size: 12px; }
.number { fill: #2f66c4; }
.digit { font-size: 11px; font-weight: 600; fill: #ffffff; text-anchor: middle; }
.way { stroke: #2f66c4; stroke-width: 2; fill: none; }
.point { fill: #2f66c4; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .ground { fill: #12161d; stroke: #323945; }
  .folder { fill: #1a202a; stroke: #4a5462; }
  .within { fill: #1c2a44; stroke: #4b68a5; }
  .says { fill: #a7b0bd; }
  .number, .point { fill: #7ba4f0; }
  .way { stroke: #7ba4f0; }
  .digit { fill: #12161d; }
}`;

const text = (kind: string, left: number, top: number, said: string): string =>
  `<text class="${kind}" x="${left}" y="${top}">${said}</text>`;

function step({ file, does }: Step, number: number, left: number, top: number): string {
  return [
    `<circle class="number" cx="${left + 9}" cy="${top - 4}" r="9"/>`,
    text('digit', left + 9, top, String(number)),
    text('file', left + 26, top, file),
    text('does', left + 136, top, does),
  ].join('\n');
}

/** A folder with what it is for: beside its name, or, where there is no room, below. */
function box({ path, says, left, top, width, height, within, steps = [] }: Folder, firstNumber: number): string {
  const isNarrow = within && width < 300;
  return [
    `<rect class="${within ? 'within' : 'folder'}" x="${left}" y="${top}" width="${width}" height="${height}" rx="6"/>`,
    text('path', left + 12, top + 21, path),
    isNarrow ? text('says', left + 12, top + 40, says) : text('says', left + 20 + path.length * 8.2, top + 21, says),
    ...steps.map((one, index) => step(one, firstNumber + index, left + 12, top + 48 + index * 24)),
  ].join('\n');
}

/** Draws the folders, and the way of one call of `withLock` through them. */
export function drawArchitecture(): string {
  let number = 1;
  const boxes: string[] = [];
  for (const folder of FOLDERS) {
    boxes.push(box(folder, number));
    number += folder.steps?.length ?? 0;
  }
  const parts = [
    text('says', 20, 26, 'What cdk-lynk is made of, and the way of one withLock through it'),
    ...boxes,
    `<path class="way" d="M 524 ${ROOMS_BOTTOM} V ${HEIGHT - 46}"/>`,
    `<path class="point" d="M 518 ${HEIGHT - 48} H 530 L 524 ${HEIGHT - 38} Z"/>`,
    text('path', 440, HEIGHT - 18, 'DynamoDB: one item a lock'),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">`,
    '<title>The folders of cdk-lynk, and the way of one withLock through them</title>',
    '<desc>The text of the page says what happens at each number.</desc>',
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="8"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}
