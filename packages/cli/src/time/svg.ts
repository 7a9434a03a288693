/**
 * A run as a waterfall picture: a row for each request on one axis of time, readable on light and on dark pages. Pure: a run in, SVG text out.
 * Pauses are left out of the axis, and the picture says so. Nothing that a server said gets in unescaped.
 */
import { formatDuration } from "../amounts.ts";
import { looks, type Placed, squeeze } from "./bars.ts";
import { phaseNames, phaseOf, type TimedRun, totalOf } from "./run.ts";
import { shortMs } from "./text.ts";
import type { Verdict } from "./verdict.ts";

const width = 960;
const labelWidth = 190;
const valueWidth = 110;
const rowHeight = 18;
const barHeight = 12;
const headHeight = 78;
const footHeight = 34;
const plotWidth = width - labelWidth - valueWidth;

export const escapeXml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    // XML has no way to write these, not even escaped.
    .replaceAll(/[^\P{Cc}\t\n]|\p{Cs}/gu, "\u{fffd}");

const style = [
  "text { font: 12px system-ui, sans-serif; fill: #1f2328; }",
  ".title { font-weight: 600; font-size: 14px; }",
  ".axis { stroke: #d0d7de; }",
  ...phaseNames.map((name) => `.${name} { fill: ${looks[name].light}; }`),
  "@media (prefers-color-scheme: dark) {",
  "  text { fill: #e6edf3; }",
  "  .axis { stroke: #30363d; }",
  ...phaseNames.map((name) => `  .${name} { fill: ${looks[name].dark}; }`),
  "}",
].join("\n");

/** The picture as one SVG document. */
export function drawSvg(run: TimedRun, verdict: Verdict): string {
  const { placed, lengthMs, leftOutMs } = squeeze(run.exchanges);
  const height = headHeight + placed.length * rowHeight + footHeight;
  const scale = (ms: number): number => Number(((ms / Math.max(lengthMs, 1e-3)) * plotWidth).toFixed(2));
  const bottom = headHeight + placed.length * rowHeight;
  const leftOut = leftOutMs >= 1 ? `; ${formatDuration(leftOutMs)} without requests left out` : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(verdict.words)}">
<style>
${style}
</style>
<text class="title" x="10" y="20">${escapeXml(`${run.method} ${run.url}`)}</text>
<text x="10" y="40">${escapeXml(verdict.words)}</text>
${legend()}
${axis(lengthMs, scale, bottom)}
${placed.map((each, i) => row(each, headHeight + i * rowHeight, scale)).join("\n")}
<text x="10" y="${bottom + 24}">${escapeXml(`ms since the first request${leftOut}`)}</text>
</svg>
`;
}

function legend(): string {
  return phaseNames
    .map((name, i) => {
      const x = labelWidth + i * 74;
      return `<rect class="${name}" x="${x}" y="52" width="12" height="12" rx="2"/><text x="${x + 17}" y="62">${looks[name].label}</text>`;
    })
    .join("\n");
}

/** Five lines at round numbers. */
function axis(lengthMs: number, scale: (ms: number) => number, bottom: number): string {
  const step = roundStep(lengthMs / 5);
  const lines: string[] = [];
  for (let ms = 0; ms <= lengthMs; ms += step) {
    const x = labelWidth + scale(ms);
    lines.push(
      `<line class="axis" x1="${x}" x2="${x}" y1="${headHeight - 6}" y2="${bottom}"/><text x="${x}" y="${bottom + 12}" text-anchor="middle">${Number(ms.toPrecision(6))}</text>`,
    );
  }
  return lines.join("\n");
}

/** 1, 2 or 5 times a power of ten, not below `least`. */
export function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(least, 1e-3)));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

function row({ exchange, atMs }: Placed, y: number, scale: (ms: number) => number): string {
  const { number, result } = exchange;
  const baseline = y + barHeight - 2;
  if (!result.ok) return `<text x="10" y="${baseline}">${escapeXml(`${number}  ${result.code}`)}</text>`;
  const { phases, connection, reused } = result.trace;
  const rects: string[] = [];
  let fromMs = atMs;
  for (const name of phaseNames) {
    const ms = phaseOf(phases, name) ?? 0;
    if (ms <= 0) continue;
    const [from, to] = [scale(fromMs), scale(fromMs + ms)];
    rects.push(
      `<rect class="${name}" x="${Number((labelWidth + from).toFixed(2))}" y="${y}" width="${Math.max(0.5, Number((to - from).toFixed(2)))}" height="${barHeight}"><title>${looks[name].label} ${shortMs(ms)} ms</title></rect>`,
    );
    fromMs += ms;
  }
  const label = `${number}  connection ${connection}${reused ? ", reused" : ", new"}`;
  const end = Math.min(labelWidth + scale(fromMs) + 6, width - valueWidth + 6);
  return `<text x="10" y="${baseline}">${label}</text>\n${rects.join("\n")}\n<text x="${Number(end.toFixed(2))}" y="${baseline}">${shortMs(totalOf(phases))} ms, ${result.status}</text>`;
}
