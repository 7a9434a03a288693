/**
 * One client of a load generator: a raw socket that upgrades or asks, greets as its script says and then hands over whole frames
 * or lines.
 * All links of a process read into one buffer, so that 10,000 of them cost little more than their sockets.
 */
import { connect, type Socket } from "node:net";
import { FrameReader, maskedText, type OnFrame, upgradeRequest } from "./frames.ts";
import { LineReader, lineRequest } from "./lines.ts";
import type { Script } from "./scripts.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface LightLinkEvents {
  /** A frame after the link became ready. */
  readonly frame: OnFrame;
  /** A message before it. */
  readonly message?: (text: string) => void;
  /** The connection has ended; called once. */
  readonly ended?: () => void;
}

/** Loopback source addresses are dealt in turn: one address has only some 28,000 ports. */
const sourceAddresses = 8;
const shared = Buffer.alloc(65_536);
let dealt = 0;

export class LightLink {
  readonly socket: Socket;
  readonly ready: Promise<void>;
  /** Bytes that came after the link became ready, with all that frames them. */
  bytesRead = 0;
  readonly #reader: FrameReader | LineReader;
  readonly #host: string;
  readonly #script: Script;
  readonly #events: LightLinkEvents;
  #phase: "head" | "greeting" | "ready" | "ended" = "head";
  #head = "";
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null;

  constructor(target: Target, script: Script, events: LightLinkEvents) {
    this.#script = script;
    this.#events = events;
    this.#host = `${target.host}:${target.port}`;
    this.#reader = script.carriedBy === "frames" ? new FrameReader() : new LineReader(script.carriedBy === "events" ? "data:" : "");
    this.ready = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    dealt++;
    this.socket = connect({
      host: target.host,
      port: target.port,
      localAddress: `127.0.0.${1 + (dealt % sourceAddresses)}`,
      onread: {
        buffer: shared,
        callback: (length, bytes) => {
          this.#take(bytes, length);
          return true;
        },
      },
    });
    this.socket.setNoDelay(true);
    this.socket.on("connect", () => {
      if (script.carriedBy === "frames") this.socket.write(upgradeRequest(script.path, this.#host, script.subprotocol));
      else this.say(script.greeting.join("\n"));
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => this.#end());
  }

  /** Sends one text message, or what is the body of one request. */
  say(text: string): void {
    this.socket.write(this.#script.carriedBy === "frames" ? maskedText(text) : lineRequest(this.#script.path, this.#host, text));
  }

  destroy(): void {
    this.socket.destroy();
  }

  #take(bytes: Uint8Array, length: number): void {
    if (this.#phase === "ready") this.bytesRead += length;
    if (this.#phase !== "head") {
      this.#reader.push(bytes, length, this.#frame);
      return;
    }
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
    const end = this.#head.indexOf("\r\n\r\n");
    if (end < 0) return;
    if (!this.#head.startsWith(this.#script.carriedBy === "frames" ? "HTTP/1.1 101" : "HTTP/1.1 200")) {
      this.#fail(new Error(`the server answered ${this.#head.slice(0, 80)}`));
      return;
    }
    const rest = Buffer.from(this.#head.slice(end + 4), "latin1");
    this.#head = "";
    this.#phase = "greeting";
    if (this.#script.readyAtOnce) this.#becomeReady();
    if (this.#script.carriedBy === "frames") for (const text of this.#script.greeting) this.say(text);
    this.#reader.push(rest, rest.length, this.#frame);
  }

  readonly #frame: OnFrame = (opcode, bytes, start, end) => {
    if (this.#phase === "ready") {
      this.#events.frame(opcode, bytes, start, end);
      return;
    }
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("utf8");
    this.#events.message?.(text);
    const reply = this.#script.greet(text);
    if (reply === "ready") this.#becomeReady();
    else if (reply !== null) this.say(reply);
  };

  #becomeReady(): void {
    this.#phase = "ready";
    this.#settle?.resolve();
    this.#settle = null;
  }

  #fail(error: Error): void {
    this.#settle?.reject(error);
    this.#settle = null;
    this.socket.destroy();
  }

  #end(): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#fail(new Error("the connection ended before it was ready"));
    this.#events.ended?.();
  }
}

/** Opens `count` links with at most `atOnce` of them unfinished, so that the listening queue never overflows. */
export async function openMany<T>(count: number, atOnce: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) opened.push(await open(next++));
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return opened;
}
