/**
 * The states of the last two minutes as one coloured band, on the same axis as the charts, with the cuts marked and named.
 */
import { windowMs } from "./chart.ts";
import { make, makeSvg, setText } from "./dom.ts";

interface Span {
  readonly fromMs: number;
  readonly state: string;
}

interface Mark {
  readonly atMs: number;
  readonly title: string;
}

const height = 46;
const bandTop = 20;
const spansMax = 400;
const namesMax = 12;
/** About the width of a letter in a label. */
const charWidth = 6;

export class Ribbon {
  readonly #svg = makeSvg("svg", { height, role: "img", "aria-label": "States of the link over the last two minutes" });
  readonly #rects: SVGRectElement[] = [];
  readonly #lines = makeSvg("path", { class: "cutline" });
  readonly #names = Array.from({ length: namesMax }, () => makeSvg("text", { y: 12 }));
  readonly #layer = makeSvg("g");
  #spans: Span[] = [];
  #marks: Mark[] = [];
  #width = 0;

  constructor(host: HTMLElement) {
    this.#svg.append(this.#layer, this.#lines, ...this.#names);
    const keys = ["live", "catching-up", "stale", "offline"].map((state) => make("span", { class: `key-${state}` }, state));
    host.append(this.#svg, make("p", { class: "legend" }, ...keys));
    new ResizeObserver(() => {
      this.#width = this.#svg.clientWidth;
      this.#svg.setAttribute("viewBox", `0 0 ${this.#width} ${height}`);
    }).observe(this.#svg);
  }

  /** Times of the cuts, for the charts. */
  get marks(): readonly number[] {
    return this.#marks.map(({ atMs }) => atMs);
  }

  state(atMs: number, state: string): void {
    if (this.#spans.at(-1)?.state === state) return;
    this.#spans.push({ fromMs: atMs, state });
    if (this.#spans.length > spansMax) this.#spans.shift();
  }

  mark(atMs: number, title: string): void {
    this.#marks.push({ atMs, title });
    if (this.#marks.length > namesMax) this.#marks.shift();
  }

  draw(nowMs: number): void {
    if (this.#width === 0) return;
    const beginMs = nowMs - windowMs;
    const x = (atMs: number): number => ((Math.max(atMs, beginMs) - beginMs) / windowMs) * this.#width;
    // The span before the first in the picture still reaches into it.
    const first = this.#spans.findLastIndex(({ fromMs }) => fromMs <= beginMs);
    if (first > 0) this.#spans.splice(0, first);
    for (let i = this.#rects.length; i < this.#spans.length; i++) {
      const rect = makeSvg("rect", { y: bandTop, height: height - bandTop - 6 });
      this.#rects.push(rect);
      this.#layer.append(rect);
    }
    for (const [i, rect] of this.#rects.entries()) {
      const span = this.#spans[i];
      const from = span === undefined ? 0 : x(span.fromMs);
      const to = span === undefined ? 0 : x(this.#spans[i + 1]?.fromMs ?? nowMs);
      rect.setAttribute("x", from.toFixed(1));
      // A state that lasted for a few milliseconds is still to be seen.
      rect.setAttribute("width", (span === undefined ? 0 : Math.max(1.5, to - from)).toFixed(1));
      rect.setAttribute("class", `span-${span?.state ?? "closed"}`);
    }
    this.#marks = this.#marks.filter(({ atMs }) => atMs > beginMs);
    this.#lines.setAttribute("d", this.#marks.map(({ atMs }) => `M${x(atMs).toFixed(1)} 2V${height - 4}`).join(""));
    this.#drawNames(x);
  }

  #drawNames(x: (atMs: number) => number): void {
    // From the newest to the oldest: a name that has no room beside the one after it is left out.
    let free = this.#width;
    for (const [i, text] of [...this.#names.entries()].reverse()) {
      const mark = this.#marks[i];
      if (mark === undefined) {
        setText(text, "");
        continue;
      }
      const wide = mark.title.length * charWidth;
      const at = x(mark.atMs);
      const begin = at + 4 + wide <= free ? at + 4 : at - 4 - wide;
      const fits = begin >= 0 && begin + wide <= free && (begin > at || free === this.#width);
      setText(text, fits ? mark.title : "");
      text.setAttribute("x", begin.toFixed(1));
      free = Math.min(at, fits ? begin : at) - 6;
    }
  }
}
