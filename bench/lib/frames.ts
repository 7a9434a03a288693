/**
 * The client's half of RFC 6455 as far as load generators need it, as cheap as it can be, so that they are never what is measured:
 * masked frames with the key 0, and a reader that hops from header to header. Not for use against anything but these benchmarks.
 */

/** Called per frame; the payload is `bytes[start..end)`, valid only during the call. */
export type OnFrame = (opcode: number, bytes: Uint8Array, start: number, end: number) => void;

/** Splits what arrives into frames. Frames always come whole: what is incomplete is kept until the rest is there. */
export class FrameReader {
  #rest: Buffer | null = null;

  push(chunk: Uint8Array, length: number, onFrame: OnFrame): void {
    let bytes = chunk;
    let size = length;
    if (this.#rest !== null) {
      bytes = Buffer.concat([this.#rest, chunk.subarray(0, length)]);
      size = bytes.length;
      this.#rest = null;
    }
    let at = 0;
    while (size - at >= 2) {
      let payload = (bytes[at + 1] as number) & 0x7f;
      let start = at + 2;
      if (payload === 126) {
        start = at + 4;
        if (start > size) break;
        payload = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
      } else if (payload === 127) throw new Error("a frame above 64 KiB");
      const end = start + payload;
      if (end > size) break;
      onFrame((bytes[at] as number) & 0x0f, bytes, start, end);
      at = end;
    }
    if (at < size) this.#rest = Buffer.from(bytes.subarray(at, size));
  }
}

/** One text message as a masked frame. The key 0 leaves the payload as it is, which the RFC does not forbid. */
export function maskedText(text: string): Buffer {
  const bytes = Buffer.byteLength(text);
  const long = bytes > 125;
  const header = long ? 8 : 6;
  const frame = Buffer.alloc(header + bytes);
  frame[0] = 0x81;
  frame[1] = 0x80 | (long ? 126 : bytes);
  if (long) frame.writeUInt16BE(bytes, 2);
  frame.write(text, header);
  return frame;
}

/** An unmasked binary frame around a payload below 64 KiB: what a server would send. */
export function serverFrame(payload: Uint8Array): Buffer {
  const long = payload.length > 125;
  const frame = Buffer.alloc((long ? 4 : 2) + payload.length);
  frame[0] = 0x82;
  frame[1] = long ? 126 : payload.length;
  if (long) frame.writeUInt16BE(payload.length, 2);
  frame.set(payload, long ? 4 : 2);
  return frame;
}

/** An upgrade request. The key is the RFC's sample one: nobody checks freshness here. */
export function upgradeRequest(path: string, host: string, subprotocol: string | null): string {
  const offer = subprotocol === null ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${offer}\r\n`;
}
