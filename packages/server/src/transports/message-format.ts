/**
 * Entries as messages, each with a head of its own before it: what is common to WebSocket frames and length-prefixed messages. Built ahead of
 * time, so that one buffer serves every link.
 */
import { entryOfParts, entryPart, entryPrefix, partCount, toBase64 } from "@holdfast/protocol";
import type { OutgoingEntry, WireFormat } from "../carrier.ts";

/** Room for one message: its head is written, `at` is where its text begins. */
export interface Framed {
  readonly buffer: Buffer;
  readonly at: number;
}

/** How a head is written before `textBytes` of text. */
export type Frame = (textBytes: number) => Framed;

export class MessageFormat implements WireFormat {
  readonly name: string;
  readonly #frame: Frame;

  constructor(name: string, frame: Frame) {
    this.name = name;
    this.#frame = frame;
  }

  /** One message of text. */
  text(text: string): Buffer {
    const { buffer, at } = this.#frame(Buffer.byteLength(text));
    buffer.write(text, at, "utf8");
    return buffer;
  }

  encode(entry: OutgoingEntry): Uint8Array {
    const { payload, format, stream, position } = entry;
    const parts = partCount(format, payload.length);
    if (parts > 0) {
      const messages: Buffer[] = [];
      for (let index = 0; index < parts; index++) messages.push(this.text(entryPart(stream, position, payload, index)));
      messages.push(this.text(entryOfParts(entry, parts, format)));
      return Buffer.concat(messages);
    }
    if (format === "bytes") return this.text(`${entryPrefix(entry)}"base64":"${toBase64(payload)}"}`);
    const head = `${entryPrefix(entry)}"data":`;
    const headBytes = Buffer.byteLength(head);
    const { buffer, at } = this.#frame(headBytes + payload.length + 1);
    buffer.write(head, at, "utf8");
    buffer.set(payload, at + headBytes); // The payload's own bytes, never decoded and encoded again.
    buffer[buffer.length - 1] = 0x7d;
    return buffer;
  }
}
