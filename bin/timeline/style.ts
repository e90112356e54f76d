/** Number of holders with a colour of their own; after that, colours repeat. */
export const HOLDER_COLOURS = 6;

const LIGHT = ['#2f66c4', '#c8641c', '#7a4fb5', '#18806f', '#b03a78', '#6d7420'];
const DARK = ['#6c9ff8', '#f0985a', '#b794ee', '#4cc0ab', '#ec82b4', '#bcc457'];

/** Light and dark styles. Each has a background of its own, as the page's may differ. */
export const STYLE = `
text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2430; }
.ground { fill: #ffffff; stroke: #d5d9e0; }
.heading { font-size: 16px; font-weight: 600; }
.name { font-weight: 600; }
.small { font-size: 12px; fill: #505967; }
.inside { font-size: 12px; }
.on-holder { font-size: 12px; font-weight: 600; fill: #ffffff; }
.said { font-size: 12px; font-weight: 600; }
.axis, .guide { stroke: #b9c0cb; fill: none; }
.guide { stroke-dasharray: 2 4; }
.row { fill: #f5f7fa; }
.starting { fill: #dde3ec; }
.running { fill: #bfe3cb; }
.waiting { fill: #f6e2a6; }
.frozen { fill: url(#ice); stroke: #9db3cf; stroke-dasharray: 3 3; }
.ice-ground { fill: #eef3fa; }
.ice-line { stroke: #b7c9e2; stroke-width: 2; }
.over { fill: #d2d6dd; }
.broken { fill: #f3c3c6; }
.kept { fill: #e4e0f3; }
${colours(LIGHT)}
.write { fill: #1f2430; }
.refresh { fill: #ffffff; stroke: #1f2430; stroke-width: 1.5; }
.takeover { fill: #1f2430; }
.loss, .kill { stroke: #c62f3b; stroke-width: 3; fill: none; }
.said-kill, .said-loss { fill: #c62f3b; }
.number { fill: #1f2430; }
.digit { font-size: 11px; font-weight: 600; fill: #ffffff; text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .ground { fill: #12161d; stroke: #323945; }
  .small { fill: #a7b0bd; }
  .on-holder { fill: #10141a; }
  .axis, .guide { stroke: #48515f; }
  .row { fill: #1a2029; }
  .starting { fill: #3a4658; }
  .running { fill: #23583a; }
  .waiting { fill: #66531b; }
  .frozen { stroke: #587199; }
  .ice-ground { fill: #1a2330; }
  .ice-line { stroke: #33465f; }
  .over { fill: #454c58; }
  .broken { fill: #6b2b31; }
  .kept { fill: #3b3559; }
${colours(DARK)}
  .write, .takeover { fill: #e6e9ef; }
  .refresh { fill: #12161d; stroke: #e6e9ef; }
  .loss, .kill { stroke: #ff6b76; }
  .said-kill, .said-loss { fill: #ff6b76; }
  .number { fill: #e6e9ef; }
  .digit { fill: #12161d; }
}`;

function colours(all: readonly string[]): string {
  return all.map((colour, index) => `.holder-${index} { fill: ${colour}; }`).join('\n');
}
