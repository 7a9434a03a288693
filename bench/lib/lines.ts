/**
 * Responses as far as load generators need them, as cheap as they can be: lines that begin with a prefix, and nothing else.
 * Chunks are not taken apart: all servers here put whole lines into a chunk, so its size is one more line without the prefix.
 * Not for use against anything but these benchmarks.
 */
import type { OnFrame } from "./frames.ts";

const lineFeed = 0x0a;
const space = 0x20;
/** What a reader is told instead of an RFC 6455 opcode: a text. */
const textOpcode = 1;

/** Splits what arrives into lines, and hands over those with the prefix, without it and without the one space after it. */
export class LineReader {
  readonly #prefix: Uint8Array;
  #rest: Buffer | null = null;

  constructor(prefix: string) {
    this.#prefix = Buffer.from(prefix);
  }

  push(chunk: Uint8Array, length: number, onLine: OnFrame): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, length);
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, bytes]);
      this.#rest = null;
    }
    let at = 0;
    for (let end = bytes.indexOf(lineFeed, at); end >= 0; end = bytes.indexOf(lineFeed, at)) {
      if (this.#begins(bytes, at)) {
        const start = at + this.#prefix.length;
        onLine(textOpcode, bytes, this.#prefix.length > 0 && bytes[start] === space ? start + 1 : start, end);
      }
      at = end + 1;
    }
    if (at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }

  #begins(bytes: Uint8Array, at: number): boolean {
    for (let i = 0; i < this.#prefix.length; i++) if (bytes[at + i] !== this.#prefix[i]) return false;
    return true;
  }
}

/** A request whose response is to be read so: GET without a body, POST with one. */
export function lineRequest(path: string, host: string, body: string): string {
  if (body === "") return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`;
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
