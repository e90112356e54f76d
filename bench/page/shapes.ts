import { escaped, px } from '../../bin/timeline/shapes.js';

/** Light and dark styles. Each has a background of its own, as the page's may differ. */
const STYLE = `
text { font: 13px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2430; }
.ground { fill: #ffffff; stroke: #d5d9e0; }
.heading { font-weight: 600; }
.small { font-size: 11.5px; fill: #505967; }
.axis { stroke: #8d96a3; fill: none; }
.grid { stroke: #e4e8ee; fill: none; }
.limit { stroke: #c62f3b; fill: none; stroke-dasharray: 5 4; }
.series-0, .series-1 { fill: none; stroke-width: 2; }
.series-0 { stroke: #2f66c4; }
.series-1 { stroke: #c8641c; }
.mark-0 { fill: #2f66c4; }
.mark-1 { fill: #c8641c; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ef; }
  .ground { fill: #12161d; stroke: #323945; }
  .small { fill: #a7b0bd; }
  .axis { stroke: #6b7583; }
  .grid { stroke: #262d38; }
  .limit { stroke: #ff6b76; }
  .series-0 { stroke: #6c9ff8; }
  .series-1 { stroke: #f0985a; }
  .mark-0 { fill: #6c9ff8; }
  .mark-1 { fill: #f0985a; }
}`;

/** The texts of a drawing. */
export interface Caption {
  readonly title: string;
  /** For people who cannot see it. */
  readonly description: string;
}

export function svgDocument(width: number, height: number, caption: Caption, parts: readonly string[]): string {
  const size = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">`,
    `<title>${escaped(caption.title)}</title>`,
    `<desc>${escaped(caption.description)}</desc>`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10"/>`,
    ...parts,
    '</svg>',
  ];
  return `${lines.join('\n')}\n`;
}

export function dot(look: string, x: number, y: number): string {
  return `<circle class="${look}" cx="${px(x)}" cy="${px(y)}" r="4"/>`;
}
