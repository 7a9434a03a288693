/**
 * A server that speaks HTTP/2 as frames by hand, and so can do what no server library does. It answers nothing by itself except what it is
 * told to: acknowledgements and PINGs.
 */
import { createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";
import {
  data,
  type Frame,
  FrameReader,
  flags,
  frame,
  frameTypes,
  goaway,
  headerBlock,
  ping,
  preface,
  settings,
  settingsAck,
} from "../../../../../scripts/test-support/http2-frames.ts";
import { listening } from "./origins.ts";

/** One connection, as the server sees it. */
export class RawPeer {
  readonly number: number;
  readonly socket: Socket;
  readonly frames: Frame[] = [];
  answersPings = true;
  acknowledges = true;
  readonly #reader = new FrameReader();
  #prefaceLeft = preface.length;

  constructor(number: number, socket: Socket, first: readonly (readonly [number, number])[], onFrame: (peer: RawPeer, frame: Frame) => void) {
    this.number = number;
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    this.send(settings(first));
    socket.on("data", (bytes: Buffer) => {
      const skip = Math.min(this.#prefaceLeft, bytes.length);
      this.#prefaceLeft -= skip;
      for (const one of this.#reader.push(bytes.subarray(skip))) {
        this.frames.push(one);
        const isAck = (one.flags & flags.ack) !== 0;
        if (one.type === frameTypes.settings && !isAck && this.acknowledges) this.send(settingsAck());
        if (one.type === frameTypes.ping && !isAck && this.answersPings) this.send(ping(one.payload, flags.ack));
        onFrame(this, one);
      }
    });
  }

  send(...parts: readonly Uint8Array[]): void {
    if (this.socket.writable) this.socket.write(Buffer.concat(parts));
  }

  /** A whole answer. */
  answer(stream: number, body = "ok"): void {
    this.send(answerHead(stream), data(stream, Buffer.from(body), flags.endStream));
  }

  goaway(lastStream: number, code = 0): void {
    this.send(goaway(lastStream, code));
  }

  count(type: number, stream?: number): number {
    return this.frames.filter((one) => one.type === type && (stream === undefined || one.stream === stream)).length;
  }
}

/** HEADERS of an answer that goes on. */
export function answerHead(stream: number, more: readonly (readonly [string, string])[] = [], flagBits: number = flags.endHeaders): Buffer {
  return frame(frameTypes.headers, flagBits, stream, headerBlock([[":status", "200"], ...more]));
}

export interface RawServer {
  readonly port: number;
  readonly peers: RawPeer[];
}

/** Listens until the test is over. `onFrame` is called with every frame that comes. */
export async function rawServer(
  t: TestContext,
  onFrame: (peer: RawPeer, frame: Frame) => void,
  first: readonly (readonly [number, number])[] = [],
): Promise<RawServer> {
  const peers: RawPeer[] = [];
  const server = createServer((socket) => {
    peers.push(new RawPeer(peers.length + 1, socket, first, onFrame));
  });
  return { port: await listening(t, server), peers };
}

/** Whether a frame is the last one of a request. */
export const endsRequest = (one: Frame): boolean => (one.type === frameTypes.headers || one.type === frameTypes.data) && (one.flags & flags.endStream) !== 0;
