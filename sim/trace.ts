/**
 * The fingerprint of a run: everything that happened, in order, folded into 64 bits. Two runs of one seed must end with the same;
 * a difference means that something ambient leaked in. Optionally the last lines are kept for people to read.
 */
import { hash32 } from "./random.ts";

export class Trace {
  #a = 0x811c9dc5;
  #b = 0x9e3779b9;
  #count = 0;
  readonly #linesMax: number;
  readonly #lines: string[] = [];
  readonly #labels = new Map<string, number>();

  /** `linesMax`: how many lines to keep; 0 for the fingerprint only. */
  constructor(linesMax = 0) {
    this.#linesMax = linesMax;
  }

  get keepsLines(): boolean {
    return this.#linesMax > 0;
  }
  get count(): number {
    return this.#count;
  }
  get hash(): string {
    return (this.#a >>> 0).toString(16).padStart(8, "0") + (this.#b >>> 0).toString(16).padStart(8, "0");
  }
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Folds in one occurrence. `label` is one of few constant texts; `detail` says what is special about this one. */
  note(timeMs: number, label: string, detail: string | number = 0): void {
    let id = this.#labels.get(label);
    if (id === undefined) {
      id = hash32(label);
      this.#labels.set(label, id);
    }
    this.#count++;
    const data = typeof detail === "number" ? detail : hash32(detail);
    this.#fold(id);
    this.#fold(Math.floor(timeMs * 1000));
    this.#fold(data);
    if (this.#linesMax === 0) return;
    this.#lines.push(`${timeMs.toFixed(3).padStart(12)}  ${label}  ${detail}`);
    if (this.#lines.length > this.#linesMax * 2) this.#lines.splice(0, this.#lines.length - this.#linesMax);
  }

  #fold(value: number): void {
    this.#a = Math.imul(this.#a ^ value, 0x01000193);
    this.#b = Math.imul((this.#b ^ value) + 0x7f4a7c15, 0x85ebca6b) ^ (this.#b >>> 13);
  }
}
