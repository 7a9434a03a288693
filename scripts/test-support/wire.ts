/**
 * A WebSocket client of bare bytes over a real socket, for what well-behaved clients never send. It understands unmasked text and close frames.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface Frame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

/** A masked client frame; `bits` overrides the first byte. */
export function clientFrame(payload: Buffer | string, opcode = 1, bits = 0x80): Buffer {
  const body = Buffer.from(payload);
  const mask = randomBytes(4);
  const masked = Buffer.from(body.map((byte, i) => byte ^ (mask[i % 4] as number)));
  const length =
    body.length < 126
      ? Buffer.from([0x80 | body.length])
      : body.length < 65_536
        ? Buffer.from([0xfe, body.length >> 8, body.length & 255])
        : Buffer.concat([Buffer.from([0xff]), bigLength(body.length)]);
  return Buffer.concat([Buffer.from([bits | opcode]), length, mask, masked]);
}

function bigLength(bytes: number): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(bytes));
  return length;
}

/** Parses complete frames off the front; returns them and what is left. */
export function parseFrames(data: Buffer): { frames: Frame[]; rest: Buffer } {
  const frames: Frame[] = [];
  let rest = data;
  for (;;) {
    if (rest.length < 2) return { frames, rest };
    const first = rest[0] as number;
    const short = (rest[1] as number) & 127;
    const at = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < at) return { frames, rest };
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < at + length) return { frames, rest };
    frames.push({ fin: (first & 0x80) !== 0, opcode: first & 15, payload: rest.subarray(at, at + length) });
    rest = rest.subarray(at + length);
  }
}

export class Wire {
  readonly socket: Socket;
  readonly texts: string[] = [];
  readonly bytesIn: number[] = [];
  closeCode: number | null = null;
  closeReason = "";
  ended = false;
  #rest = Buffer.alloc(0);
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      const { frames, rest } = parseFrames(Buffer.concat([this.#rest, chunk]));
      this.#rest = Buffer.from(rest);
      for (const frame of frames) {
        if (frame.opcode === 1) this.texts.push(frame.payload.toString("utf8"));
        else if (frame.opcode === 8) {
          this.closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005;
          this.closeReason = frame.payload.subarray(2).toString("utf8");
        }
      }
      this.#wake?.();
    });
    const end = (): void => {
      this.ended = true;
      this.#wake?.();
    };
    socket.on("error", end);
    socket.on("close", end);
    socket.on("end", end);
  }

  /** Upgrades, with the bytes of `glued` in the same packet as the request. */
  static async open(port: number, glued: Buffer = Buffer.alloc(0), headers: Record<string, string> = {}, path = "/v1/link"): Promise<Wire> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", () => resolve(null)).once("error", reject));
    const lines = {
      Host: `127.0.0.1:${port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      "Sec-WebSocket-Protocol": "holdfast.v1",
      ...headers,
    };
    const request = `GET ${path} HTTP/1.1\r\n${Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join("")}\r\n`;
    socket.write(Buffer.concat([Buffer.from(request), glued]));
    const head = await new Promise<Buffer>((resolve, reject) => {
      let seen = Buffer.alloc(0);
      const take = (chunk: Buffer): void => {
        seen = Buffer.concat([seen, chunk]);
        const at = seen.indexOf("\r\n\r\n");
        if (at < 0) return;
        socket.off("data", take);
        if (!seen.toString("latin1").startsWith("HTTP/1.1 101")) reject(new Error(seen.toString("latin1")));
        else resolve(seen.subarray(at + 4));
      };
      socket.on("data", take);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("closed before 101")));
    });
    const wire = new Wire(socket);
    if (head.length > 0) socket.emit("data", head);
    return wire;
  }

  /** Opened, greeted, and welcomed. */
  static async live(port: number): Promise<Wire> {
    const wire = await Wire.open(port);
    wire.send({ type: "hello", protocol: 1 });
    await wire.until(() => wire.texts.some((text) => text.includes('"welcome"')));
    return wire;
  }

  send(message: unknown): void {
    this.socket.write(clientFrame(typeof message === "string" ? message : JSON.stringify(message)));
  }

  messages(type?: string): Record<string, unknown>[] {
    const all = this.texts.map((text) => JSON.parse(text) as Record<string, unknown>);
    return type === undefined ? all : all.filter((message) => message["type"] === type);
  }

  /** Waits until `fact` holds; fails after `withinMs` with what was seen. */
  async until(fact: () => boolean, withinMs = 5_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!fact()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not in ${withinMs} ms; texts ${this.texts.slice(-5).join("\n")} close ${this.closeCode} ended ${this.ended}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 250));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  destroy(): void {
    this.socket.destroy();
  }
}
