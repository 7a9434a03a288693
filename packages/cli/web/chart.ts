/**
 * A chart of the last two minutes in plain SVG that moves with time. It draws what it is given and knows nothing of links.
 */
import { make, makeSvg, setText } from "./dom.ts";
import { linearTicks, logTicks, niceMax, type Point, type Series } from "./series.ts";

/** What every chart shows. */
export const windowMs = 120_000;

export type Scale =
  /** From 0 to the greatest value in the picture, at least `least`. */
  | { readonly kind: "linear"; readonly least: number }
  /** Powers of ten; what is smaller than `min` lies on the floor. */
  | { readonly kind: "log"; readonly min: number; readonly max: number };

export interface ChartLine {
  readonly series: Series;
  /** `line`: from point to point. `step`: a value holds until the next. `bars`: one a second. */
  readonly kind: "line" | "step" | "bars";
  readonly className?: string;
}

export interface ChartOptions {
  readonly title: string;
  readonly note: string;
  readonly scale: Scale;
  readonly lines: readonly ChartLine[];
  /** A value as text, with its unit. */
  format(value: number): string;
  /** The number beside the title; null when there is none. */
  current(): number | null;
}

const height = 112;
const left = 46;
const right = 4;
const top = 10;
const bottom = 18;
const ticksMax = 4;

export class Chart {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #svg = makeSvg("svg", { height, role: "img" });
  readonly #value = make("span", { class: "value" });
  readonly #ticks = Array.from({ length: ticksMax }, () => ({
    line: makeSvg("line", { class: "gridline" }),
    text: makeSvg("text", { "text-anchor": "end" }),
  }));
  readonly #times = [120, 60, 0].map((ago) => ({ ago, text: makeSvg("text", { y: height - 4 }) }));
  readonly #paths: readonly SVGPathElement[];
  readonly #marks = makeSvg("path", { class: "cutline" });
  #width = 0;

  constructor(options: ChartOptions) {
    this.#options = options;
    this.#paths = options.lines.map(({ kind, className = "" }) => makeSvg("path", { class: `${kind === "bars" ? "area" : "line"} ${className}` }));
    this.#svg.setAttribute("aria-label", `${options.title}, the last two minutes`);
    for (const { line, text } of this.#ticks) this.#svg.append(line, text);
    for (const { text } of this.#times) this.#svg.append(text);
    this.#svg.append(this.#marks, ...this.#paths);
    const caption = make("figcaption", {}, make("span", { class: "title" }, options.title), this.#value, make("span", { class: "note" }, options.note));
    this.element = make("figure", { class: "panel chart" }, caption, this.#svg);
    new ResizeObserver(() => this.#resize()).observe(this.#svg);
  }

  /** Draws as of now. `marks`: times of the cuts. */
  draw(nowMs: number, marks: readonly number[]): void {
    const current = this.#options.current();
    setText(this.#value, current === null ? "–" : this.#options.format(current));
    if (this.#width === 0) return;
    const beginMs = nowMs - windowMs;
    const place = this.#drawTicks(beginMs);
    const x = (atMs: number): number => left + ((Math.max(atMs, beginMs - 2_000) - beginMs) / windowMs) * (this.#width - left - right);
    for (const [i, { series, kind }] of this.#options.lines.entries()) {
      series.trim(beginMs);
      const path = kind === "bars" ? bars(series.points, x, place, beginMs) : line(series.points, x, place, kind === "step", nowMs);
      this.#paths[i]?.setAttribute("d", path);
    }
    const cuts = marks.filter((atMs) => atMs > beginMs).map((atMs) => `M${x(atMs).toFixed(1)} ${top}V${height - bottom}`);
    this.#marks.setAttribute("d", cuts.join(""));
  }

  #resize(): void {
    this.#width = this.#svg.clientWidth;
    this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${height}`);
    for (const { ago, text } of this.#times) {
      text.setAttribute("x", String(left + ((120 - ago) / 120) * (this.#width - left - right)));
      text.setAttribute("text-anchor", ago === 120 ? "start" : ago === 0 ? "end" : "middle");
      setText(text, ago === 0 ? "now" : `−${ago} s`);
    }
  }

  /** Draws the axis; returns where a value lies on it. */
  #drawTicks(beginMs: number): (value: number) => number {
    const { scale, format, lines } = this.#options;
    const plot = height - top - bottom;
    let ticks: number[];
    let part: (value: number) => number;
    if (scale.kind === "log") {
      const span = Math.log10(scale.max / scale.min);
      ticks = logTicks(scale.min, scale.max);
      part = (value) => Math.min(1, Math.max(0, Math.log10(Math.max(value, scale.min) / scale.min) / span));
    } else {
      const values = lines.flatMap(({ series }) => series.points.filter(({ atMs }) => atMs >= beginMs).map(({ value }) => value ?? 0));
      const max = niceMax(values.reduce((a, b) => Math.max(a, b), scale.least));
      ticks = linearTicks(max);
      part = (value) => Math.min(1, value / max);
    }
    const place = (value: number): number => top + plot * (1 - part(value));
    for (const [i, { line, text }] of this.#ticks.entries()) {
      const tick = ticks[i];
      const y = tick === undefined ? -100 : place(tick);
      for (const [name, value] of Object.entries({ x1: left, x2: this.#width - right, y1: y, y2: y })) line.setAttribute(name, String(value));
      text.setAttribute("x", String(left - 6));
      text.setAttribute("y", String(y + 4));
      setText(text, tick === undefined ? "" : format(tick));
    }
    return place;
  }
}

type Place = (value: number) => number;

function line(points: readonly Point[], x: Place, y: Place, steps: boolean, nowMs: number): string {
  let path = "";
  let pen = false;
  let lastY = 0;
  for (const { atMs, value } of points) {
    if (value === null) {
      pen = false;
      continue;
    }
    const at = x(atMs).toFixed(1);
    if (pen && steps) path += `H${at}`;
    lastY = y(value);
    // A point on its own is drawn as one.
    path += pen ? `L${at} ${lastY.toFixed(1)}` : `M${at} ${lastY.toFixed(1)}h0.1`;
    pen = true;
  }
  return steps && pen && nowMs - (points.at(-1)?.atMs ?? 0) < 3_000 ? `${path}H${x(nowMs).toFixed(1)}` : path;
}

function bars(points: readonly Point[], x: Place, y: Place, beginMs: number): string {
  const floor = y(0);
  const wide = Math.max(1, x(beginMs + 1_000) - x(beginMs) - 1);
  return points
    .filter(({ atMs, value }) => value !== null && value > 0 && atMs >= beginMs)
    .map(({ atMs, value }) => `M${x(atMs).toFixed(1)} ${floor.toFixed(1)}V${y(value as number).toFixed(1)}h${wide.toFixed(1)}V${floor.toFixed(1)}z`)
    .join("");
}
