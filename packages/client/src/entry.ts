/**
 * An entry as the application sees it, and the putting together of entries that came in parts.
 * The payload is parsed when asked for and never before; what was published is kept as it was.
 */
import { type EntryFrame, type EntryPartFrame, fromBase64, type GapReason, type PayloadFormat, rawData } from "@holdfast/protocol";

/** One entry of a stream. Shared by all local readers of the stream, so it is not to be changed. */
export class StreamEntry {
  readonly stream: string;
  /** Pass it back as `{ after: position }` to go on after this entry. */
  readonly position: string;
  /** When the server took the entry, in ms since 1970-01-01 UTC. */
  readonly timeMs: number;
  readonly key: string | undefined;
  readonly format: PayloadFormat;
  /** How much the entry counts for in a queue, in characters of its messages. */
  readonly cost: number;
  readonly #frame: EntryFrame;
  readonly #payload: Uint8Array | null;
  #parsed: { readonly value: unknown } | null = null;

  constructor(frame: EntryFrame, payload: Uint8Array | null) {
    this.stream = frame.stream;
    this.position = frame.position;
    this.timeMs = frame.timeMs;
    this.key = frame.key;
    this.format = frame.format;
    this.cost = frame.text.length + (payload === null ? 0 : payload.length);
    this.#frame = frame;
    this.#payload = payload;
  }

  /** The position of the entry before it in the log. */
  get prev(): string {
    return this.#frame.prev;
  }

  /** The payload as a value, parsed once; undefined when the entry is bytes. */
  get data(): unknown {
    if (this.format === "bytes") return undefined;
    if (this.#payload === null) return this.#frame.data;
    this.#parsed ??= { value: JSON.parse(this.raw as string) };
    return this.#parsed.value;
  }

  /** The JSON text exactly as it was published (numbers beyond 2^53, duplicate keys); null when the entry is bytes. */
  get raw(): string | null {
    if (this.format === "bytes") return null;
    return this.#payload === null ? rawData(this.#frame.text) : new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#payload);
  }

  /** The payload as bytes: what was published as bytes, or the JSON text in UTF-8. */
  get bytes(): Uint8Array {
    if (this.#payload !== null) return this.#payload;
    if (this.format === "json") return new TextEncoder().encode(this.raw as string);
    return fromBase64(this.#frame.base64 as string) ?? new Uint8Array(0);
  }
}

/** A position that could not be honoured; delivery goes on after `after`. */
export interface Gap {
  readonly stream: string;
  readonly reason: GapReason;
  /** The last position that was held. */
  readonly from: string;
  readonly after: string;
  readonly head: string;
}

/** Collects the parts of one entry at a time, as they come on one link. What does not fit shows a server that is not to be trusted. */
export class Assembly {
  #first: EntryPartFrame | null = null;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /** Takes a part; false when it does not fit. */
  add(part: EntryPartFrame, bytesMax: number): boolean {
    const bytes = fromBase64(part.base64);
    const follows = part.index === 0 ? this.#first === null : this.#isFor(part) && part.index === this.#parts.length;
    if (bytes === null || !follows || this.#bytes + bytes.length > bytesMax) return false;
    this.#first ??= part;
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    return true;
  }

  /** The payload of an entry that came in parts, null for one that came whole; false when parts and entry do not agree. */
  take(frame: EntryFrame): Uint8Array | null | false {
    if (this.#first === null && frame.parts === 0) return null;
    if (!this.#isFor(frame) || this.#parts.length !== frame.parts) return false;
    const payload = new Uint8Array(this.#bytes);
    let at = 0;
    for (const part of this.#parts) {
      payload.set(part, at);
      at += part.length;
    }
    this.forget(frame.stream);
    return payload;
  }

  /** Drops what was collected for a stream: its cursor has changed, and the entry begins again. */
  forget(stream: string): void {
    if (this.#first?.stream !== stream) return;
    this.#first = null;
    this.#parts = [];
    this.#bytes = 0;
  }

  #isFor({ stream, position }: { readonly stream: string; readonly position: string }): boolean {
    return this.#first?.stream === stream && this.#first.position === position;
  }
}
