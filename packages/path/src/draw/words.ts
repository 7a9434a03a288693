/**
 * Words of the picture: times short enough to stand beside a mark, texts cut or wrapped to a width, and everything escaped.
 * A declared path may come from anybody: nothing of it gets into the picture unescaped.
 */
import type { Setting } from "../plan.ts";

/** Mean width of a character of the picture's texts, in pixels of their 12 px; a little too much, so that nothing is cut. */
const characterWidth = 6.4;

export const textWidth = (text: string): number => text.length * characterWidth;

/** Text made safe for XML and HTML, in elements and in quoted attributes. */
export const xml = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
    // XML has no way to write these, not even escaped.
    .replaceAll(/[^\P{Cc}\t\n]|\p{Cs}/gu, "\u{fffd}");

/** At most seven characters: `350 s`, `5.8 min`, `1.5 h`, `5 d`. Times that people know by their seconds (350 s, 900 s) stay in seconds. */
export function shortTime(value: number | "never"): string {
  if (value === "never") return "never";
  const rounded = (amount: number): string => String(Number(amount.toPrecision(3)));
  if (value < 1_000) return `${rounded(value)} ms`;
  if (value < 1_000_000) return `${rounded(value / 1_000)} s`;
  if (value < 3_600_000) return `${rounded(value / 60_000)} min`;
  return value < 172_800_000 ? `${rounded(value / 3_600_000)} h` : `${rounded(value / 86_400_000)} d`;
}

/** The time of a timer; null where it is none, or is switched by other means than a time. */
export function timeOf(setting: Setting | null): number | "never" | null {
  if (setting === null) return null;
  const { value } = setting;
  return typeof value === "number" || value === "never" ? value : null;
}

/** A tick's label: minutes and hours in whole numbers. */
export const tickTime = (ms: number): string => (ms >= 60_000 && ms < 3_600_000 ? `${ms / 60_000} min` : shortTime(ms));

/** `48.6 to 54 min`, the unit once where it is the same. */
export function timeRange(from: number, to: number): string {
  const [low, high] = [shortTime(from), shortTime(to)];
  const [amount, unit] = low.split(" ");
  return high.endsWith(` ${unit}`) ? `${amount}–${high}` : `${low}–${high}`;
}

/** Cut to a width, the cut shown. */
export function cut(text: string, width: number): string {
  const characters = Math.max(3, Math.floor(width / characterWidth));
  return text.length <= characters ? text : `${text.slice(0, characters - 1)}…`;
}

/** Lines no wider than that, broken between words. */
export function wrap(text: string, width: number): string[] {
  const characters = Math.floor(width / characterWidth);
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && line.length + word.length >= characters) {
      lines.push(line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, line];
}
