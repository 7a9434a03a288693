/**
 * The server's end of the simulated wire: a `Carrier` that behaves as the WebSocket transport's does: it writes at once, reports
 * what the window has not taken, and answers for the closing handshake being bounded.
 */
import { type Code, codes } from "@holdfast/protocol";
import type { Carrier, CarrierEvents, CloseDetails } from "@holdfast/server";
import type { SimProcess } from "../sim-process.ts";
import type { Connection, End } from "./connection.ts";
import { frameOf, kinds, simFormat, Unframer } from "./wire.ts";

const closeHandshakeMs = 5_000;
const reasonBytesMax = 123;

function closeReason(code: Code, details: CloseDetails): string {
  const full = JSON.stringify({ code, ...details });
  if (Buffer.byteLength(full) <= reasonBytesMax) return full;
  const { message: _, ...short } = details;
  return JSON.stringify({ code, ...short });
}

/** Who is told of what a hub does with its carriers. */
export interface CarrierWatch {
  /** Entries were delivered while earlier ones still waited. */
  ungated(): void;
  /** The hub stopped reading from the peer. */
  held(): void;
}

export class SimCarrier implements Carrier, End {
  readonly transport = "sim";
  readonly twoWay = true;
  readonly lasting = true;
  readonly format = simFormat;
  readonly process: SimProcess;
  readonly #connection: Connection;
  readonly #unframer = new Unframer((kind, text) => this.#message(kind, text));
  #events: CarrierEvents | null = null;
  #open = true;
  #owesDrained = false;
  #closeCode: number | null = null;
  readonly #watch: CarrierWatch;
  /** Bytes written so far, and up to the end of the last entries. */
  #written = 0;
  #entriesEnd = 0;

  constructor(process: SimProcess, connection: Connection, watch: CarrierWatch) {
    this.process = process;
    this.#connection = connection;
    this.#watch = watch;
  }

  /** Passes on what arrives until the connection is gone. */
  listen(events: CarrierEvents): void {
    this.#events = events;
  }

  /** The answer to the dial. */
  welcome(): void {
    this.#write(frameOf(kinds.open, ""));
  }

  // ---- what the hub does

  get queuedBytes(): number {
    return this.#connection.queuedBytes("server");
  }

  deliver(bytes: Uint8Array): void {
    if (!this.#open) return;
    if (this.#written - this.queuedBytes < this.#entriesEnd) this.#watch.ungated();
    this.#write(bytes);
    this.#entriesEnd = this.#written;
  }

  sendAll(frames: Parameters<Carrier["sendAll"]>[0]): void {
    for (const frame of frames) this.send(frame);
  }

  send(frame: Parameters<Carrier["send"]>[0]): void {
    if (this.#open) this.#write(frameOf(kinds.text, JSON.stringify(frame)));
  }

  holdInput(held: boolean): void {
    if (held) this.#watch.held();
    this.#connection.pause("server", held);
  }

  close(code: Code, details: CloseDetails = {}): void {
    if (!this.#open) return;
    this.#open = false;
    this.#connection.pause("server", false);
    this.#connection.write("server", frameOf(kinds.close, JSON.stringify([codes[code].close ?? 1011, closeReason(code, details)])));
    this.process.env.clock.after(closeHandshakeMs, () => this.destroy());
  }

  destroy(): void {
    this.#open = false;
    if (this.#connection.isGone("server")) return;
    this.#connection.reset("server");
    this.process.later(0, () => this.#gone());
  }

  #write(bytes: Uint8Array): void {
    this.#written += bytes.length;
    this.#connection.write("server", bytes);
    if (this.queuedBytes > 0) this.#owesDrained = true;
  }

  // ---- what reaches it

  arrived(bytes: Uint8Array): void {
    this.#events?.bytes();
    this.#unframer.push(bytes);
  }

  ended(how: "fin" | "reset"): void {
    if (how === "fin") this.#connection.release("server");
    this.#gone();
  }

  drained(): void {
    if (!this.#owesDrained || this.queuedBytes > 0) return;
    this.#owesDrained = false;
    this.#events?.drained();
  }

  #message(kind: number, text: string): void {
    if (kind === kinds.text) {
      if (this.#open) this.#events?.text(text);
      return;
    }
    if (this.#closeCode !== null) return;
    this.#closeCode = (JSON.parse(text) as [number, string])[0];
    // The handshake is complete, or is completed with this echo.
    if (this.#open) this.#connection.write("server", frameOf(kinds.close, text));
    this.#open = false;
    this.#connection.release("server");
    this.process.later(0, () => this.#gone());
  }

  #gone(): void {
    this.#open = false;
    const events = this.#events;
    this.#events = null;
    events?.gone(this.#closeCode);
  }
}
