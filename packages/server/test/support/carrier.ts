/**
 * A carrier that ends in this process: it keeps what a reader was given and lets a test close and open the gate.
 */
import type { ServerFrame } from "@holdfast/protocol";
import type { Carrier, CarrierEvents, WireFormat } from "../../src/carrier.ts";
import type { Hub } from "../../src/hub/hub.ts";

/** Entries as one line each: `stream position prev payload`. */
export const lineFormat: WireFormat = {
  name: "line",
  encode: (entry) => Buffer.from(`${entry.stream} ${entry.position} ${entry.prev} ${Buffer.from(entry.payload).toString("latin1")}\n`),
};

export interface Delivered {
  readonly stream: string;
  readonly position: string;
  readonly prev: string;
  readonly payload: string;
}

export class TestCarrier implements Carrier {
  readonly transport = "test";
  readonly twoWay = true;
  readonly lasting = true;
  readonly format = lineFormat;
  readonly entries: Delivered[] = [];
  readonly frames: ServerFrame[] = [];
  readonly writes: Uint8Array[] = [];
  closedWith: string | null = null;
  events: CarrierEvents | null = null;
  /** Bytes that a slow peer has not taken; writes add to it while `slow`. */
  queuedBytes = 0;
  slow = false;
  held = false;

  /** False where only the count of entries matters: ten thousand readers are too many to look at each entry of each. */
  readonly looks: boolean;
  /** Entries given, looked at or not. */
  given = 0;

  constructor(looks = true) {
    this.looks = looks;
  }

  /** Connects to a hub and greets. */
  static join(hub: Hub, looks = true): TestCarrier {
    const carrier = new TestCarrier(looks);
    const events = hub.accept(carrier);
    if ("refused" in events) throw new Error(events.refused);
    carrier.events = events;
    carrier.say({ type: "hello", protocol: 1 });
    return carrier;
  }

  say(message: unknown): void {
    this.events?.bytes();
    this.events?.text(JSON.stringify(message));
  }

  deliver(bytes: Uint8Array): void {
    if (this.slow) this.queuedBytes += bytes.length;
    if (!this.looks) {
      for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) this.given++;
      return;
    }
    this.writes.push(bytes);
    for (const line of Buffer.from(bytes).toString("latin1").split("\n")) {
      const [stream, position, prev, payload] = line.split(" ");
      if (stream !== undefined && position !== undefined && prev !== undefined && payload !== undefined) this.entries.push({ stream, position, prev, payload });
    }
  }

  send(frame: ServerFrame): void {
    this.frames.push(frame);
  }

  sendAll(frames: readonly ServerFrame[]): void {
    this.frames.push(...frames);
  }

  holdInput(held: boolean): void {
    this.held = held;
  }

  close(code: string): void {
    this.closedWith = code;
  }

  destroy(): void {
    this.leave();
  }

  /** The peer takes all that waits. */
  take(): void {
    if (this.queuedBytes === 0) return;
    this.queuedBytes = 0;
    this.events?.drained();
  }

  /** The peer is gone. */
  leave(): void {
    const { events } = this;
    this.events = null;
    events?.gone(null);
  }

  of(type: ServerFrame["type"]): ServerFrame[] {
    return this.frames.filter((frame) => frame.type === type);
  }
}
