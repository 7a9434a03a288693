/**
 * Unmasked text frames (RFC 6455, section 5.2) built ahead of time, so that one buffer serves every link.
 */
import { entryOfParts, entryPart, entryPrefix, partCount, toBase64 } from "@holdfast/protocol";
import type { OutgoingEntry, WireFormat } from "../carrier.ts";

const finText = 0x81;

/** A frame around text, with room for `extra` bytes after it that the caller fills in from the returned offset. */
function frame(textBytes: number): { readonly buffer: Buffer; readonly at: number } {
  const headerBytes = textBytes < 126 ? 2 : textBytes < 65_536 ? 4 : 10;
  const buffer = Buffer.allocUnsafeSlow(headerBytes + textBytes);
  buffer[0] = finText;
  if (headerBytes === 2) buffer[1] = textBytes;
  else if (headerBytes === 4) {
    buffer[1] = 126;
    buffer.writeUInt16BE(textBytes, 2);
  } else {
    buffer[1] = 127;
    buffer.writeBigUInt64BE(BigInt(textBytes), 2);
  }
  return { buffer, at: headerBytes };
}

/** One text message as one frame. */
export function textFrame(text: string): Buffer {
  const { buffer, at } = frame(Buffer.byteLength(text));
  buffer.write(text, at, "utf8");
  return buffer;
}

function encode(entry: OutgoingEntry): Uint8Array {
  const { payload, format, stream, position } = entry;
  const parts = partCount(format, payload.length);
  if (parts > 0) {
    const frames: Buffer[] = [];
    for (let index = 0; index < parts; index++) frames.push(textFrame(entryPart(stream, position, payload, index)));
    frames.push(textFrame(entryOfParts(entry, parts, format)));
    return Buffer.concat(frames);
  }
  if (format === "bytes") return textFrame(`${entryPrefix(entry)}"base64":"${toBase64(payload)}"}`);
  const head = `${entryPrefix(entry)}"data":`;
  const headBytes = Buffer.byteLength(head);
  const { buffer, at } = frame(headBytes + payload.length + 1);
  buffer.write(head, at, "utf8");
  buffer.set(payload, at + headBytes); // The payload's own bytes, never decoded and encoded again.
  buffer[buffer.length - 1] = 0x7d;
  return buffer;
}

/** Entries as unmasked text frames. */
export const websocketFormat: WireFormat = { name: "websocket", encode };
