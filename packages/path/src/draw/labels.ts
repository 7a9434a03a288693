/**
 * Places texts beside marks so that none covers another: each is moved up or down, as little as is enough.
 * The order of the calls decides who stays; the same calls always give the same picture.
 */
import { textWidth, xml } from "./words.ts";

export type Anchor = "start" | "middle" | "end";

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const lineHeight = 14;
/** How far a text may be moved, in steps of half a line. */
const stepsMax = 24;

export class Labels {
  readonly #taken: Box[] = [];
  readonly #bounds: { readonly top: number; readonly bottom: number };

  constructor(bounds: { readonly top: number; readonly bottom: number }) {
    this.#bounds = bounds;
  }

  /** Keeps labels off this place. */
  take(x: number, y: number, width: number, height: number): void {
    this.#taken.push({ left: x, right: x + width, top: y, bottom: y + height });
  }

  /** A text whose first baseline is at `y`, or as near to it as there is room. Several lines stay together. */
  text(words: string | readonly string[], x: number, y: number, anchor: Anchor, look = ""): string {
    const lines = typeof words === "string" ? [words] : words;
    const width = Math.max(...lines.map(textWidth)) * (look.includes("strong") ? 1.08 : 1);
    const at = this.#free(x - width * { start: 0, middle: 0.5, end: 1 }[anchor], y, width, lines.length * lineHeight);
    return lines.map((line, i) => `<text class="halo ${look}" x="${x}" y="${at + i * lineHeight}" text-anchor="${anchor}">${xml(line)}</text>`).join("");
  }

  /** A number in a circle around that point. */
  badge(number: number, x: number, y: number, look: string): string {
    const at = this.#free(x - 9, y + 4, 18, 18) - 4;
    return `<g class="badge ${look}"><circle cx="${x}" cy="${at}" r="8.5"/><text x="${x}" y="${at + 4}" text-anchor="middle">${number}</text></g>`;
  }

  #free(left: number, wanted: number, width: number, height: number): number {
    const { top, bottom } = this.#bounds;
    const box = (y: number): Box => ({ left, right: left + width, top: y - 11, bottom: y - 11 + height });
    const isFree = (one: Box): boolean => this.#taken.every((other) => !covers(one, other));
    let y = wanted;
    for (let step = 0; step <= stepsMax; step++) {
      const offset = Math.ceil(step / 2) * (lineHeight / 2) * (step % 2 === 0 ? -1 : 1);
      const tried = Math.min(bottom - height + lineHeight, Math.max(top, wanted + offset));
      if (!isFree(box(tried))) continue;
      y = tried;
      break;
    }
    this.#taken.push(box(y));
    return Number(y.toFixed(1));
  }
}

const covers = (a: Box, b: Box): boolean => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
