/**
 * Bytes of the simulated wire: each message is a kind, a length and a text, so that "cut at byte k" can hit any place in it.
 * Entries are encoded as a real transport does: payloads as received, large ones in parts.
 */
import { entryOfParts, entryPart, entryPrefix, partCount, toBase64 } from "@holdfast/protocol";
import type { OutgoingEntry, WireFormat } from "@holdfast/server";

/** What a message is: the answer to a dial, a text, the close of the link with its code and reason (or the end of a response), or a response's status. */
export const kinds = { open: 1, text: 2, close: 3, head: 4 } as const;

const headerBytes = 5;

/** One message as bytes. */
export function frameOf(kind: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafeSlow(headerBytes + length);
  frame[0] = kind;
  frame.writeUInt32BE(length, 1);
  frame.write(text, headerBytes, "utf8");
  return frame;
}

function encode(entry: OutgoingEntry): Uint8Array {
  const { payload, format, stream, position } = entry;
  const parts = partCount(format, payload.length);
  if (parts > 0) {
    const frames: Buffer[] = [];
    for (let index = 0; index < parts; index++) frames.push(frameOf(kinds.text, entryPart(stream, position, payload, index)));
    frames.push(frameOf(kinds.text, entryOfParts(entry, parts, format)));
    return Buffer.concat(frames);
  }
  const tail =
    format === "bytes" ? `"base64":"${toBase64(payload)}"}` : `"data":${Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8")}}`;
  return frameOf(kinds.text, entryPrefix(entry) + tail);
}

/** Entries as messages of the simulated wire. */
export const simFormat: WireFormat = { name: "sim", encode };

/** Puts messages together from chunks cut anywhere. */
export class Unframer {
  readonly #take: (kind: number, text: string) => void;
  #rest: Buffer | null = null;

  constructor(take: (kind: number, text: string) => void) {
    this.#take = take;
  }

  /** Bytes of a message that is not complete yet. */
  get pendingBytes(): number {
    return this.#rest?.length ?? 0;
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#rest !== null) bytes = Buffer.concat([this.#rest, bytes]);
    let at = 0;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      const kind = bytes[at] as number;
      const text = bytes.toString("utf8", at + headerBytes, end);
      at = end;
      this.#take(kind, text);
    }
    this.#rest = at < bytes.length ? bytes.subarray(at) : null;
  }
}
