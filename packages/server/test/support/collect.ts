/**
 * What a reader has of each stream, and whether it is a run: each entry after the one before it, payloads put together again.
 */
import assert from "node:assert/strict";
import { rawData } from "@holdfast/protocol";

interface EntryLike {
  readonly type: string;
  readonly stream: string;
  readonly position: string;
  readonly prev: string;
  readonly parts?: number;
  readonly format?: string;
  readonly base64?: string;
  readonly after?: string;
}

export class Collected {
  /** Payloads per stream: JSON as text, bytes as base64. */
  readonly payloads = new Map<string, string[]>();
  readonly cursors = new Map<string, string>();
  gaps = 0;
  closed = 0;
  #parts: Buffer[] = [];

  get count(): number {
    let count = 0;
    for (const payloads of this.payloads.values()) count += payloads.length;
    return count;
  }

  /** Takes one message as text; fails when it does not continue its stream. */
  take(text: string): void {
    const message = JSON.parse(text) as EntryLike;
    if (message.type === "gap") this.gaps++;
    if (message.type === "closed") this.closed++;
    if (message.type === "part") this.#parts.push(Buffer.from(message.base64 ?? "", "base64"));
    if (message.type !== "entry") return;
    assert.equal(message.prev, this.cursors.get(message.stream) ?? "0", `a run of ${message.stream}`);
    assert.equal(message.parts ?? 0, this.#parts.length);
    this.cursors.set(message.stream, message.position);
    const payloads = this.payloads.get(message.stream) ?? [];
    payloads.push(this.#payload(message, text));
    this.payloads.set(message.stream, payloads);
    this.#parts = [];
  }

  #payload(message: EntryLike, text: string): string {
    if (message.parts === undefined) return message.base64 ?? rawData(text);
    const bytes = Buffer.concat(this.#parts);
    return bytes.toString(message.format === "json" ? "utf8" : "base64");
  }

  /** A reader that has what this one has. */
  copy(): Collected {
    const other = new Collected();
    for (const [stream, payloads] of this.payloads) other.payloads.set(stream, [...payloads]);
    for (const [stream, cursor] of this.cursors) other.cursors.set(stream, cursor);
    return other;
  }
}
