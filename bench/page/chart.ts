/**
 * A bar chart as SVG text: horizontal bars with their spread, readable on light and on dark pages. Pure: data in, text out.
 */
import type { Chart } from "../lib/result.ts";
import { figure } from "../lib/stats.ts";

const width = 820;
const labelWidth = 300;
const valueWidth = 110;
const rowHeight = 30;
const barHeight = 18;
const headHeight = 44;
const footHeight = 12;

const style = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-weight: 600; }
  .ours { fill: #1a7f5a; }
  .peer { fill: #8c959f; }
  .spread { stroke: #1f2328; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .ours { fill: #3fb58a; }
    .peer { fill: #6e7681; }
    .spread { stroke: #e6edf3; }
  }`;

const escapeXml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** The chart as one SVG document. The line over each bar's end goes from the lowest to the highest sample. */
export function drawChart({ title, unit, bars }: Chart): string {
  const height = headHeight + bars.length * rowHeight + footHeight;
  const most = bars.reduce((max, { high, value }) => Math.max(max, high, value), 0) || 1;
  const scale = (value: number): number => Number(((Math.max(0, value) / most) * (width - labelWidth - valueWidth)).toFixed(1));
  const rows = bars.map(({ label, value, low, high, ours }, i) => {
    const y = headHeight + i * rowHeight;
    const middle = y + barHeight / 2;
    const end = labelWidth + scale(Math.max(value, high));
    return [
      `<text x="${labelWidth - 10}" y="${middle + 4.5}" text-anchor="end">${escapeXml(label)}</text>`,
      `<rect class="${ours ? "ours" : "peer"}" x="${labelWidth}" y="${y}" width="${scale(value)}" height="${barHeight}" rx="2"/>`,
      `<line class="spread" x1="${labelWidth + scale(low)}" x2="${labelWidth + scale(high)}" y1="${middle}" y2="${middle}"/>`,
      `<text x="${end + 8}" y="${middle + 4.5}">${figure(value)}</text>`,
    ].join("\n");
  });
  const words = bars.map(({ label, value }) => `${label}: ${figure(value)}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(`${title}, ${unit}. ${words}`)}">
<style>${style}
</style>
<text class="title" x="10" y="22">${escapeXml(title)}</text>
${rows.join("\n")}
</svg>
`;
}
