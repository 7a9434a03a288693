/**
 * HTTP/2 frames by hand (RFC 9113, section 4), for peers that do what no client library would do: a writer of any frame, right
 * or wrong, a reader of what comes back, and a connection over node:net that keeps what it received. It must never correct
 * or complete what a test asks it to send.
 *
 *   +-----------------------------------------------+
 *   |                 Length (24)                   |
 *   +---------------+---------------+---------------+
 *   |   Type (8)    |   Flags (8)   |
 *   +-+-------------+---------------+-------------------------------+
 *   |R|                 Stream Identifier (31)                      |
 *   +=+=============================================================+
 *   |                   Frame Payload (0...)                        |
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

/** Frame types (RFC 9113, section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Flags; ACK and END_STREAM share a bit. */
export const flags = { ack: 0x1, endStream: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

/** Identifiers of settings (RFC 9113, section 6.5.2). */
export const settingIds = { headerTableSize: 1, enablePush: 2, maxConcurrentStreams: 3, initialWindowSize: 4, maxFrameSize: 5, maxHeaderListSize: 6 } as const;

/** Error codes by number (RFC 9113, section 7). */
export const errorNames = [
  ...["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR"],
  ...["REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
] as const;

/** What a client says before anything else (RFC 9113, section 3.4), without its SETTINGS. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

const headBytes = 9;

/** Any frame at all: nothing is checked. */
export function frame(type: number, flagBits: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flagBits, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

/** SETTINGS with pairs of identifier and value, in order. */
export function settings(pairs: readonly (readonly [number, number])[] = []): Buffer {
  const payload = Buffer.alloc(pairs.length * 6);
  for (const [i, [id, value]] of pairs.entries()) {
    payload.writeUInt16BE(id, i * 6);
    payload.writeUInt32BE(value >>> 0, i * 6 + 2);
  }
  return frame(frameTypes.settings, 0, 0, payload);
}

export const settingsAck = (): Buffer => frame(frameTypes.settings, flags.ack, 0);
export const ping = (payload: Uint8Array = Buffer.alloc(8), flagBits = 0): Buffer => frame(frameTypes.ping, flagBits, 0, payload);
export const windowUpdate = (stream: number, increment: number): Buffer => frame(frameTypes.windowUpdate, 0, stream, u32(increment));
export const rstStream = (stream: number, code = 8): Buffer => frame(frameTypes.rstStream, 0, stream, u32(code));
export const goaway = (lastStream: number, code = 0): Buffer => frame(frameTypes.goaway, 0, 0, Buffer.concat([u32(lastStream), u32(code)]));
export const data = (stream: number, bytes: Uint8Array, flagBits = 0): Buffer => frame(frameTypes.data, flagBits, stream, bytes);
export const continuation = (stream: number, block: Uint8Array, flagBits = 0): Buffer => frame(frameTypes.continuation, flagBits, stream, block);
export const priority = (stream: number, dependsOn: number, weight = 15): Buffer =>
  frame(frameTypes.priority, 0, stream, Buffer.concat([u32(dependsOn), Buffer.of(weight)]));

/** A list of fields, in the order in which they are sent; names are sent as they stand here. */
export type Fields = readonly (readonly [string, string])[];

/** An HPACK string without Huffman coding: its length as an integer with a prefix of 7 bits (RFC 7541, sections 5.1 and 5.2). */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A header block in which every field is a literal that enters no table (RFC 7541, section 6.2.2), so that blocks do not depend on each other. */
export function headerBlock(fields: Fields): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), hpackString(name), hpackString(value)]));
}

/** What a request needs at least. */
export function requestFields(path = "/", method = "GET", more: Fields = []): Fields {
  return [[":method", method], [":scheme", "http"], [":authority", "localhost"], [":path", path], ...more];
}

/** HEADERS of a whole request without a body, unless `flagBits` say otherwise. */
export function headers(stream: number, fields: Fields = requestFields(), flagBits: number = flags.endStream | flags.endHeaders): Buffer {
  return frame(frameTypes.headers, flagBits, stream, headerBlock(fields));
}

/** A frame as it was received. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** Cuts bytes into frames, however they were cut before. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const frames: Frame[] = [];
    while (this.#rest.length >= headBytes) {
      const end = headBytes + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) break;
      const payload = this.#rest.subarray(headBytes, end);
      frames.push({ type: this.#rest.readUInt8(3), flags: this.#rest.readUInt8(4), stream: this.#rest.readUInt32BE(5) & 0x7fff_ffff, payload });
      this.#rest = this.#rest.subarray(end);
    }
    return frames;
  }
}

/** A GOAWAY as it was received. */
export interface Goaway {
  readonly lastStream: number;
  readonly code: number;
}

/** A client's end of an HTTP/2 connection, as bytes. */
export class RawHttp2 {
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  /** Whether a PING is answered, and SETTINGS are acknowledged, as RFC 9113 demands (sections 6.7 and 6.5.3). */
  answersPings = false;
  acknowledges = false;
  /** How the connection ended, as this end saw it; null while it has not. */
  ended: "fin" | "reset" | null = null;
  readonly #reader = new FrameReader();
  #listeners: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => {
      for (const one of this.#reader.push(bytes)) this.#take(one);
      this.#notify();
    });
    socket.on("end", () => this.#end("fin"));
    socket.on("error", () => this.#end("reset"));
    socket.on("close", () => this.#end("reset"));
  }

  /** Connects and says nothing. */
  static async connect(port: number, tls?: ConnectionOptions): Promise<RawHttp2> {
    const at = { host: "127.0.0.1", port, allowHalfOpen: true };
    const socket = tls === undefined ? connect(at) : connectTls({ ...at, ALPNProtocols: ["h2"], ...tls });
    await once(socket, tls === undefined ? "connect" : "secureConnect");
    return new RawHttp2(socket);
  }

  /** Connects and does what a client has to do first: preface, SETTINGS, and an acknowledgement of the server's. */
  static async open(port: number, pairs: readonly (readonly [number, number])[] = [], tls?: ConnectionOptions): Promise<RawHttp2> {
    const peer = await RawHttp2.connect(port, tls);
    peer.acknowledges = true;
    peer.send(preface, settings(pairs));
    await peer.until(() => peer.count(frameTypes.settings) >= 2);
    return peer;
  }

  /** Whether it was written out of hand; what is sent to a connection that is gone is dropped. */
  send(...parts: readonly Uint8Array[]): boolean {
    return this.socket.writable && this.socket.write(Buffer.concat(parts));
  }

  count(type: number, stream?: number): number {
    return this.frames.filter((one) => one.type === type && (stream === undefined || one.stream === stream)).length;
  }

  /** Every GOAWAY so far, in order. */
  goaways(): Goaway[] {
    return this.frames
      .filter(({ type }) => type === frameTypes.goaway)
      .map(({ payload }) => ({ lastStream: payload.readUInt32BE(0) & 0x7fff_ffff, code: payload.readUInt32BE(4) }));
  }

  /** Codes of the streams that were reset, by stream. */
  resets(): Map<number, number> {
    return new Map(this.frames.filter(({ type }) => type === frameTypes.rstStream).map(({ stream, payload }) => [stream, payload.readUInt32BE(0)]));
  }

  /** Waits until it holds, looked at whenever something arrives or ends; false after the deadline. */
  async until(holds: () => boolean, deadlineMs = 10_000): Promise<boolean> {
    const deadline = AbortSignal.timeout(deadlineMs);
    while (!holds()) {
      if (deadline.aborted) return false;
      await new Promise<void>((resolve) => {
        this.#listeners.push(resolve);
        deadline.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    return true;
  }

  /** Waits for the end of the connection. */
  untilEnded(deadlineMs = 10_000): Promise<boolean> {
    return this.until(() => this.ended !== null, deadlineMs);
  }

  close(): void {
    this.socket.destroy();
  }

  #take(one: Frame): void {
    this.frames.push(one);
    if ((one.flags & flags.ack) !== 0) return;
    if (this.answersPings && one.type === frameTypes.ping) this.send(ping(one.payload, flags.ack));
    if (this.acknowledges && one.type === frameTypes.settings) this.send(settingsAck());
  }

  #end(how: "fin" | "reset"): void {
    this.ended ??= how;
    this.#notify();
  }

  #notify(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
