/**
 * An entry as the application sees it, and the putting together of entries that came in parts.
 * The payload is parsed when asked for and never before; what was published is kept as it was.
 */
import { type EntryFrame, type EntryPartFrame, fromBase64, type GapReason, type PayloadFormat, rawData } from "@holdfast/protocol";

/** One entry of a stream. Shared by all local readers of the stream, so it is not to be changed. */
export class StreamEntry {
  declare readonly stream: string;
  /** Pass it back as `{ after: position }` to go on after this entry. */
  declare readonly position: string;
  /** The position of the entry before it in the log. */
  declare readonly prev: string;
  /** When the server took the entry, in ms since 1970-01-01 UTC. */
  declare readonly timeMs: number;
  declare readonly key: string | undefined;
  declare readonly format: PayloadFormat;
  readonly #frame: EntryFrame;
  readonly #payload: Uint8Array | null;

  constructor(frame: EntryFrame, payload: Uint8Array | null) {
    const { stream, position, prev, timeMs, key, format } = frame;
    Object.assign(this, { stream, position, prev, timeMs, key, format });
    this.#frame = frame;
    this.#payload = payload;
  }

  /** How much the entry counts for in a queue, in characters of its messages. */
  get cost(): number {
    return this.#frame.text.length + (this.#payload?.length ?? 0);
  }

  /** The payload as a value, the same object each time; undefined when the entry is bytes. */
  get data(): unknown {
    const frame = this.#frame as { data: unknown };
    if (this.#payload && this.format === "json") frame.data ??= JSON.parse(this.raw as string);
    return frame.data;
  }

  /** The JSON text exactly as it was published (numbers beyond 2^53, duplicate keys); null when the entry is bytes. */
  get raw(): string | null {
    if (this.format === "bytes") return null;
    return this.#payload ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#payload) : rawData(this.#frame.text);
  }

  /** The payload as bytes: what was published as bytes, or the JSON text in UTF-8. */
  get bytes(): Uint8Array {
    return this.#payload ?? (this.format === "json" ? new TextEncoder().encode(this.raw as string) : (fromBase64(this.#frame.base64 as string) ?? none));
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

const none = new Uint8Array();

/** Collects the parts of one entry at a time, as they come on one link. What does not fit shows a server that is not to be trusted. */
export class Assembly {
  /** The stream and the position of the entry whose parts have begun. */
  #of = "";
  #parts = 0;
  #payload = none;

  /** Takes a part; false when it does not fit. */
  add({ stream, position, index, base64 }: EntryPartFrame, bytesMax: number): boolean {
    const bytes = fromBase64(base64);
    const of = `${stream} ${position}`;
    if (this.#parts === 0) this.#of = of;
    const size = this.#payload.length;
    if (bytes === null || of !== this.#of || index !== this.#parts || size + bytes.length > bytesMax) return false;
    const payload = new Uint8Array(size + bytes.length);
    payload.set(this.#payload);
    payload.set(bytes, size);
    this.#payload = payload;
    this.#parts++;
    return true;
  }

  /** The payload of an entry that came in parts, null for one that came whole; false when parts and entry do not agree. */
  take({ stream, position, parts }: EntryFrame): Uint8Array | null | false {
    if (this.#parts !== parts || (parts > 0 && this.#of !== `${stream} ${position}`)) return false;
    const payload = parts > 0 && this.#payload;
    this.forget(stream);
    return payload || null;
  }

  /** Drops what was collected for a stream: its cursor has changed, and the entry begins again. */
  forget(stream: string): void {
    if (!this.#of.startsWith(`${stream} `)) return;
    this.#parts = 0;
    this.#payload = none;
  }
}
