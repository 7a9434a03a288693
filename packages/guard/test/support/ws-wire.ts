/**
 * A WebSocket client of bare bytes over a real socket: it sends what well-behaved clients never send, and answers only when it is told to.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { opcodes, type ServerFrame, serverFrames } from "./ws-frames.ts";

export class WsWire {
  readonly socket: Socket;
  /** The answer to the upgrade. */
  readonly head: string;
  readonly frames: ServerFrame[] = [];
  closeCode: number | null = null;
  closeReason = "";
  /** The connection is over, by FIN or reset. */
  hasEnded = false;
  wasReset = false;
  #rest = Buffer.alloc(0);

  private constructor(socket: Socket, head: string, first: Buffer) {
    this.socket = socket;
    this.head = head;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => {
      this.wasReset = true;
    });
    socket.on("end", () => {
      this.hasEnded = true;
    });
    socket.on("close", () => {
      this.hasEnded = true;
    });
    this.#take(first);
    socket.resume();
  }

  #take(chunk: Buffer): void {
    const { frames, rest } = serverFrames(Buffer.concat([this.#rest, chunk]));
    this.#rest = Buffer.from(rest);
    this.frames.push(...frames);
    const close = frames.find(({ opcode }) => opcode === opcodes.close);
    if (close === undefined || this.closeCode !== null) return;
    this.closeCode = close.payload.length >= 2 ? close.payload.readUInt16BE(0) : 1005;
    this.closeReason = close.payload.subarray(2).toString("utf8");
  }

  /** Upgrades, with `glued` in the same write as the request. */
  static async open(port: number, glued: Buffer = Buffer.alloc(0), headers: Readonly<Record<string, string>> = {}): Promise<WsWire> {
    const socket = connect(port, "127.0.0.1");
    await new Promise((resolve, reject) => socket.once("connect", () => resolve(null)).once("error", reject));
    const lines = Object.entries({
      Host: `127.0.0.1:${port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(Buffer.concat([Buffer.from(`GET / HTTP/1.1\r\n${lines.join("")}\r\n`), glued]));
    const seen = await headOf(socket);
    const at = seen.indexOf("\r\n\r\n");
    const head = seen.subarray(0, at).toString("latin1");
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`not upgraded: ${seen.toString("latin1")}`);
    return new WsWire(socket, head, seen.subarray(at + 4));
  }

  get texts(): string[] {
    return this.frames.filter(({ opcode }) => opcode === opcodes.text).map(({ payload }) => payload.toString("utf8"));
  }

  get pongs(): number {
    return this.frames.filter(({ opcode }) => opcode === opcodes.pong).length;
  }

  get pings(): number {
    return this.frames.filter(({ opcode }) => opcode === opcodes.ping).length;
  }

  write(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  destroy(): void {
    this.socket.destroy();
  }
}

/** What has come when the answer's head is complete, or when the connection ends before. The socket is left paused. */
function headOf(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    let seen = Buffer.alloc(0);
    const finish = (): void => {
      socket.off("data", take).off("close", finish);
      socket.pause();
      resolve(seen);
    };
    const take = (chunk: Buffer): void => {
      seen = Buffer.concat([seen, chunk]);
      if (seen.includes("\r\n\r\n")) finish();
    };
    socket.on("data", take).on("close", finish);
  });
}

/** Polls until `fact` holds; fails after `withinMs` with what was waited for. */
export async function until(what: string, fact: () => boolean, withinMs = 10_000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!fact()) {
    if (performance.now() > deadlineMs) throw new Error(`not in ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
