/**
 * WebSocket frames as a client of bare bytes writes and reads them (RFC 6455, section 5.2).
 */
import { randomBytes } from "node:crypto";

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A masked frame. `bits` are those of the first byte above the opcode. */
export function clientFrame(payload: Buffer | string, opcode: number = opcodes.text, bits = 0x80): Buffer {
  const body = Buffer.from(payload);
  const mask = randomBytes(4);
  return Buffer.concat([header(body.length, bits | opcode), mask, body.map((byte, i) => byte ^ (mask[i % 4] as number))]);
}

/** Everything of a masked frame that comes before its mask, in the shortest form. */
export function header(bytes: number, first: number): Buffer {
  if (bytes < 126) return Buffer.from([first, 0x80 | bytes]);
  if (bytes < 65_536) return Buffer.from([first, 0xfe, bytes >> 8, bytes & 255]);
  const long = Buffer.alloc(10);
  long[0] = first;
  long[1] = 0xff;
  long.writeBigUInt64BE(BigInt(bytes), 2);
  return long;
}

/** A close frame of a client. */
export function closeFrame(code: number, reason: Buffer | string = ""): Buffer {
  return clientFrame(Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]), opcodes.close);
}

export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** Takes complete unmasked frames off the front; returns them and what is left. */
export function serverFrames(data: Buffer): { frames: ServerFrame[]; rest: Buffer } {
  const frames: ServerFrame[] = [];
  let rest = data;
  for (;;) {
    if (rest.length < 2) return { frames, rest };
    const short = (rest[1] as number) & 127;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < at) return { frames, rest };
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < at + length) return { frames, rest };
    frames.push({ opcode: (rest[0] as number) & 15, payload: rest.subarray(at, at + length) });
    rest = rest.subarray(at + length);
  }
}
