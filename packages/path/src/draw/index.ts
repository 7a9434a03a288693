/**
 * A plan as one picture: hops across from the user to the last one behind, time downward. Pure; SVG text without scripts, fonts or anything
 * else from elsewhere, readable on light and on dark pages.
 */
import type { Plan } from "../plan.ts";
import { below, described } from "./below.ts";
import { keptPanel } from "./kept.ts";
import { type MeasuredIdle, rowOf, type Sheet, sheetOf } from "./sheet.ts";
import { streamsPanel } from "./streams.ts";
import { style } from "./style.ts";
import { cut, textWidth, xml } from "./words.ts";

export type { MeasuredIdle } from "./sheet.ts";
export { xml } from "./words.ts";

const keptTop = 178;
const keptHeight = 300;
const streamsTop = keptTop + keptHeight + 96;
const streamsHeight = 250;
const belowTop = streamsTop + streamsHeight + 56;
const left = 24;

/** The picture as one SVG document. Measured brackets, when there are any, stand beside what the plan says. */
export function drawLadder(plan: Plan, measured: readonly MeasuredIdle[] = []): string {
  const sheet = sheetOf(plan, measured);
  const words = below(sheet, belowTop);
  const height = belowTop + words.height + 10;
  const title = rowOf(plan)
    .map(({ name }) => name)
    .join(" → ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${sheet.width} ${height}" width="${sheet.width}" height="${height}" role="img" aria-labelledby="ladder-title ladder-words">
<title id="ladder-title">${xml(`Timers of the path ${title}: ${verdict(plan)}`)}</title>
<desc id="ladder-words">${xml(described(sheet))}</desc>
<style>
${style}
</style>
<rect class="back" width="${sheet.width}" height="${height}"/>
<text class="title" x="${left}" y="32">${xml(cut(title, sheet.width * 0.7))}</text>
<text class="faint" x="${left}" y="52">${xml(verdict(plan))}</text>
${legend(sheet, 76).join("\n")}
${heads(sheet).join("\n")}
<text class="head" x="${left}" y="${keptTop - 28}">Kept connections</text>
${keptPanel(sheet, keptTop, keptHeight).join("\n")}
<text class="head" x="${left}" y="${streamsTop - 28}">Open streams</text>
${streamsPanel(sheet, streamsTop, streamsHeight).join("\n")}
${words.parts.join("\n")}
</svg>
`;
}

function verdict({ violations }: Plan): string {
  const count = (severity: string, word: string): string[] => {
    const many = violations.filter((one) => one.severity === severity).length;
    return many === 0 ? [] : [`${many} ${word}${many === 1 ? "" : "s"}`];
  };
  const counts = [...count("error", "error"), ...count("warning", "warning"), ...count("info", "note")];
  return counts.length === 0 ? "no rule is broken" : counts.join(", ");
}

function heads(sheet: Sheet): string[] {
  const room = Math.min(190, sheet.gap - 6);
  const hops = rowOf(sheet.plan).map(({ name, product, version, replicas, processes }) => {
    const x = sheet.x(name);
    const known = version === null || version === "" ? "" : ` ${version}`;
    const copies = replicas * processes > 1 ? ` ×${replicas * processes}` : "";
    const what = name === product.id ? `${known.trim()}${copies}`.trim() : `${product.id}${known}${copies}`;
    return `<text class="head" x="${x}" y="108" text-anchor="middle">${xml(cut(name, room))}</text><text class="faint" x="${x}" y="124" text-anchor="middle">${xml(cut(what, room))}<title>${xml(`${name}: ${product.name}${known}${copies}`)}</title></text>`;
  });
  const boxes = sheet.plan.links.flatMap((link) =>
    link.boxes.map(({ name }) => `<text class="box" x="${sheet.x(name)}" y="${keptTop - 16}" text-anchor="middle">${xml(cut(name, room * 0.8))}</text>`),
  );
  const row = rowOf(sheet.plan);
  // A client library is no machine of its own, and no link leads to it.
  const inside = row.flatMap(({ name, product }, i) => {
    const host = row[i - 1];
    if (product.kind !== "client" || host === undefined) return [];
    const middle = (sheet.x(host.name) + sheet.x(name)) / 2;
    return `<path class="line thin dotted info" d="M${sheet.x(host.name) + 12} ${keptTop}H${sheet.x(name) - 12}"/><text class="faint" x="${middle}" y="${keptTop - 8}" text-anchor="middle">one process</text>`;
  });
  return [...hops, ...boxes, ...inside];
}

/** Marks and what they mean; those of measurements only where there are some. */
function legend(sheet: Sheet, y: number): string[] {
  const { measured, plan } = sheet;
  const hasTarget = plan.derived.some(({ changed }) => changed);
  const items: [string, string][] = [
    [`<circle class="mark ok" cx="6" cy="-4" r="5"/>`, "fires first"],
    [`<circle class="open ok" cx="6" cy="-4" r="5"/>`, "fires later"],
    [`<path class="line ok" d="M0 -8L16 0"/>`, "down: in order"],
    [`<path class="line error" d="M0 0L16 -8"/>`, "up: race"],
    ...(plan.links.some(({ boxes }) => boxes.length > 0)
      ? [[`<path class="mark box" d="M6 -10l6 6l-6 6l-6 -6z"/>`, "flow forgotten"] as [string, string]]
      : []),
    ...(hasTarget ? [[`<path class="open ok" d="M6 -10l6 6l-6 6l-6 -6z"/>`, "set to"] as [string, string]] : []),
    [`<path class="line stream" style="stroke-width:5px" d="M0 -4H16"/>`, "silence ends a stream"],
    ...(measured.length > 0 ? [[`<path class="line measured" d="M8 -10h-7v12h7"/>`, "measured"] as [string, string]] : []),
  ];
  const step = (sheet.width - 2 * left) / items.length;
  const widths = items.map(([, words]) => 22 + textWidth(words) * 0.95 + 14);
  const isCrowded = widths.reduce((sum, width) => sum + width, 0) > sheet.width - 2 * left;
  let x = left;
  return items.map(([mark, words], i) => {
    const item = `<g transform="translate(${x.toFixed(0)} ${y})">${mark}<text x="22">${words}</text></g>`;
    x += isCrowded ? step : (widths[i] as number);
    return item;
  });
}
