/**
 * The measured timers as one picture: a row for each kind of connection and each kind of bytes that moved, time to the right, logarithmic. What was
 * survived is solid, what is not known is hatched, the end carries its way. Pure; SVG text without anything from elsewhere.
 */
import { formatDuration } from "@holdfast/path";
import { xml } from "@holdfast/path/draw";
import type { IdleFact } from "../facts.ts";
import { endOf, idleNames, movingNames, spanOf } from "../words.ts";

const width = 900;
const left = 250;
const right = 200;
const rowHeight = 26;
const top = 34;

/** Times that people know; the axis begins and ends at one of them. */
const marks = [10, 100, 1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 7_200_000, 86_400_000];

/** A picture for an HTML page, whose style it takes its colours from. Empty where nothing sat idle. */
export function drawTimers(idle: readonly IdleFact[]): string {
  if (idle.length === 0) return "";
  const most = Math.max(...idle.map(({ atLeastMs, atMostMs }) => atMostMs ?? atLeastMs));
  const least = Math.min(...idle.map(({ atLeastMs }) => Math.max(1, atLeastMs)));
  const from = marks.findLast((ms) => ms < least) ?? 10;
  const to = marks.find((ms) => ms > from && ms >= most * 1.05) ?? most * 2;
  const x = (ms: number): number => Number((left + (Math.log(Math.max(ms, from) / from) / Math.log(to / from)) * (width - left - right)).toFixed(1));
  const height = top + idle.length * rowHeight + 12;
  const axis = marks
    .filter((ms) => ms >= from && ms <= to)
    .map(
      (ms) =>
        `<path class="grid" d="M${x(ms)} ${top - 8}V${height - 6}"/><text class="faint" x="${x(ms)}" y="${top - 14}" text-anchor="middle">${xml(formatDuration(ms))}</text>`,
    );
  const words = idle.map((fact) => `${nameOf(fact)}: ${spanOf(fact)}${fact.atMostMs === null ? "" : `, then ${endOf(fact)}`}`).join("; ");
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${xml(`For how long connections survived silence. ${words}`)}">
<defs><pattern id="open" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>
${axis.join("\n")}
${idle.map((fact, i) => row(fact, top + i * rowHeight, x, to)).join("\n")}
</svg>`;
}

const nameOf = ({ of, moving }: IdleFact): string => (moving === "nothing" ? idleNames[of] : `  ${movingNames[moving]}`);

function row(fact: IdleFact, y: number, x: (ms: number) => number, to: number): string {
  const { atLeastMs, atMostMs, moving } = fact;
  const [begin, survived, end] = [x(0), x(atLeastMs), x(atMostMs ?? to)];
  const kind = moving === "nothing" ? "still" : "moved";
  const label = `<text class="${moving === "nothing" ? "head" : "faint"}" x="${moving === "nothing" ? 0 : 14}" y="${y + 14}">${xml(nameOf(fact).trim())}</text>`;
  const bar = `<rect class="bar ${kind}" x="${begin}" y="${y + 3}" width="${Math.max(2, survived - begin)}" height="14"/>`;
  const open = `<rect x="${survived}" y="${y + 3}" width="${Math.max(0, end - survived)}" height="14" fill="url(#open)"/>`;
  const mark = atMostMs === null ? "" : `<path class="end" d="M${end} ${y}V${y + 20}"/>`;
  const said = atMostMs === null ? `open after ${spanOf(fact).replace("at least ", "")}` : `${spanOf(fact)}: ${endOf(fact)}`;
  return `<g>${label}${bar}${open}${mark}<text x="${width - right + 10}" y="${y + 14}">${xml(said)}</text></g>`;
}
