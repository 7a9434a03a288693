/**
 * What the panels have in common: the axis, the bars of the hops, marks and brackets. Each function gives SVG text.
 */
import type { Labels } from "./labels.ts";
import type { Scale } from "./scale.ts";
import { axisX, bodyHalf, type MeasuredIdle, rowOf, type Sheet } from "./sheet.ts";
import { shortTime, tickTime, timeRange, xml } from "./words.ts";

export function frame(sheet: Sheet, scale: Scale, hasNever: boolean): string[] {
  const { width } = sheet;
  const right = width - 24;
  const lines = scale.ticks.map(
    ({ ms, y, isMajor }) =>
      `<line class="grid${isMajor ? "" : " dotted"}" x1="${axisX}" x2="${right}" y1="${y}" y2="${y}"/><text class="faint" x="${axisX - 8}" y="${y + 4}" text-anchor="end">${tickTime(ms)}</text>`,
  );
  if (hasNever) {
    const y = scale.neverY;
    lines.push(
      `<line class="grid dashed" x1="${axisX}" x2="${right}" y1="${y}" y2="${y}"/><text class="faint" x="${axisX - 8}" y="${y + 4}" text-anchor="end">never</text>`,
    );
  }
  const end = hasNever ? scale.neverY : scale.bottom;
  lines.push(`<line class="axis" x1="${axisX}" x2="${axisX}" y1="${scale.top - 8}" y2="${scale.bottom}"/>`);
  for (const { name } of rowOf(sheet.plan)) {
    lines.push(`<rect class="body" x="${sheet.x(name) - bodyHalf}" y="${scale.top - 12}" width="${bodyHalf * 2}" height="${end - scale.top + 24}" rx="4"/>`);
  }
  return lines;
}

/** A timer's mark: filled where it fires first. */
export function dot(x: number, y: number, isFirst: boolean, look: string, title: string): string {
  return `<circle class="${isFirst ? "mark" : "open"} ${look}" cx="${x}" cy="${y}" r="5"><title>${xml(title)}</title></circle>`;
}

/** The mark of a box below TCP. */
export function diamond(x: number, y: number, look: string, title: string): string {
  return `<path class="mark ${look}" d="M${x} ${y - 6}l6 6l-6 6l-6 -6z"><title>${xml(title)}</title></path>`;
}

/** What the plan would set a timer to. */
export function target(x: number, from: number, to: number, title: string): string {
  return `<path class="line thin dashed ok" d="M${x} ${from}V${to}"/><path class="open ok" d="M${x} ${to - 6}l6 6l-6 6l-6 -6z"><title>${xml(title)}</title></path>`;
}

/** Measured brackets, left of the hop that ended what was idle; right of the first one where nobody knows. */
export function brackets(sheet: Sheet, scale: Scale, labels: Labels, measured: readonly MeasuredIdle[]): string[] {
  const first = rowOf(sheet.plan)[0]?.name ?? "";
  return measured.flatMap(({ hop, of, atLeastMs, atMostMs }) => {
    const toRight = hop === null || hop === first;
    const side = toRight ? 1 : -1;
    const x = sheet.x(hop ?? first) + side * (bodyHalf + 12);
    const [from, until] = [scale.y(atLeastMs), atMostMs === null ? scale.bottom : scale.y(atMostMs)];
    const to = Math.max(until, from + 3);
    const words = measuredWords({ of, atLeastMs, atMostMs });
    const end = atMostMs === null ? `V${to - 8}m-4 0l4 8l4 -8` : `V${to}h${-side * 7}`;
    return [
      `<path class="line measured" d="M${x - side * 7} ${from}h${side * 7}${end}"><title>${xml(words)}</title></path>`,
      labels.text(`${of} ${rangeWords(atLeastMs, atMostMs)}`, x + side * 6, (from + to) / 2 + 4, toRight ? "start" : "end", "measured strong"),
    ];
  });
}

const rangeWords = (atLeastMs: number, atMostMs: number | null): string => (atMostMs === null ? `≥ ${shortTime(atLeastMs)}` : timeRange(atLeastMs, atMostMs));

export function measuredWords({ of, atLeastMs, atMostMs }: Omit<MeasuredIdle, "hop">): string {
  if (atMostMs === null) return `measured: ${of} survived ${shortTime(atLeastMs)} of silence, and nothing longer was tried`;
  return `measured: ${of} survived ${shortTime(atLeastMs)} of silence, and ended by ${shortTime(atMostMs)}`;
}
