/**
 * `POST /v1/poll`: long-poll for clients whose network holds back every kind of stream, and the way in for those whose link is one-way.
 * Stateless: a request says where its streams stand, and its answer ends soon after there is something to say.
 * Nothing that a request asked is left unanswered by a response that ends well.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Code, limits } from "@holdfast/protocol";
import type { CloseDetails } from "../carrier.ts";
import { entryOf } from "../http/who.ts";
import type { ServerOptions } from "../options.ts";
import { FlushMemo } from "./chunks.ts";
import { linesFormat } from "./line-format.ts";
import { readLines } from "./link-body.ts";
import type { RequestTransport, TransportParts } from "./request-transport.ts";
import { type ControlFrame, ResponseCarrier } from "./response-carrier.ts";
import { type WayOut, wayOutOf } from "./way-out.ts";

type GoawayFrame = Extract<ControlFrame, { type: "goaway" }>;

const lineOf = (frame: ControlFrame): string => `${JSON.stringify(frame)}\n`;

class PollCarrier extends ResponseCarrier {
  readonly transport = "poll";
  readonly lasting = false;
  readonly format = linesFormat;
  protected readonly contentType = "application/x-ndjson; charset=utf-8";
  readonly #memo: FlushMemo;
  /** Something was said that the client has waited for: the answer ends after the linger. */
  #hasSaid = false;
  /** Nothing more is waited for but the answers to what was asked. */
  #isDone = false;
  #writtenBytes = 0;
  /** The server asks the client to move: the last thing that this response says. */
  #goaway: GoawayFrame | null = null;

  constructor(response: ServerResponse, way: WayOut, parts: TransportParts, memo: FlushMemo) {
    super(response, way, parts);
    this.#memo = memo;
  }

  deliver(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.write(this.#memo.flush(bytes, "", this.isChunked));
    this.#said(bytes.length);
  }

  send(frame: ControlFrame): void {
    this.sendAll([frame]);
  }

  sendAll(frames: readonly ControlFrame[]): void {
    if (!this.isOpen) return;
    let lines = "";
    for (const frame of frames) {
      if (frame.type === "goaway") this.#leave(frame);
      else lines += lineOf(frame);
    }
    if (lines !== "") this.writeText(lines);
    this.#writtenBytes += lines.length;
    for (const { type } of frames) {
      if (type === "beat") this.#isDone = true;
      else if (type === "gap" || type === "closed" || type === "unsubscribed") this.#said(0);
    }
    this.#endWhenDone();
  }

  /** No poll is taken after this one, so it goes on until the client's slot, and is the client's until then. */
  #leave(frame: GoawayFrame): void {
    this.leaveSession();
    this.#goaway = { ...frame, afterMs: 0 };
    if (!this.#hasSaid) this.#doneAfter(frame.afterMs);
  }

  /** The answer ends, and the next poll finds another connection by itself. */
  rotate(): void {
    this.#isDone = true;
    this.#endWhenDone();
  }

  protected bye(code: Code, details: CloseDetails): void {
    this.writeText(`${JSON.stringify({ type: "bye", code, ...details })}\n`);
  }

  #said(bytes: number): void {
    this.#writtenBytes += bytes;
    const { pollBytesMax, pollLingerMs } = this.parts.options;
    if (this.#writtenBytes >= pollBytesMax) this.#isDone = true;
    if (!this.#hasSaid) {
      this.#hasSaid = true;
      this.#doneAfter(pollLingerMs);
    }
    this.#endWhenDone();
  }

  #doneAfter(ms: number): void {
    this.later(ms, () => {
      this.#isDone = true;
      this.#endWhenDone();
    });
  }

  protected fed(): void {
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    const { events } = this;
    if (events === null || !this.isOpen || !this.isFed || events.unanswered > 0) return;
    if (!this.#isDone && events.subscriptions > 0) return;
    if (this.#goaway !== null) this.writeText(lineOf(this.#goaway));
    // What was said may be long, and the peer slow: it gets as long as any peer that has bytes to take.
    this.finish(this.parts.options.stallMs);
  }
}

const isSubscribe = (line: string): boolean => line.includes('"subscribe"') && !line.startsWith('{"type":"publish"');

/**
 * The longest body. However small `bodyBytesMax` is, it has room for what clients send at once: up to 65,536 characters, of three bytes at
 * most, and behind them one entry of the largest kind as parts. Refused for its size it would be sent again.
 */
function bodyBytesMaxOf({ entryBytesMax, bodyBytesMax }: ServerOptions): number {
  const parts = Math.ceil(entryBytesMax / limits.partBytesMax.value);
  return Math.max(bodyBytesMax, (3 + parts + 1) * limits.wireBytesMax.value);
}

/** `POST /v1/poll`. */
export function pollTransport(parts: TransportParts): RequestTransport {
  const { hub, options } = parts;
  const bodyBytesMax = bodyBytesMaxOf(options);
  const memo = new FlushMemo();

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = await readLines(request, response, bodyBytesMax, hub.counters);
    const way = wayOutOf(response);
    if (lines === null || way === null) return;
    new PollCarrier(response, way, parts, memo).open(lines, entryOf(request, hub), !lines.some(isSubscribe));
  }

  return { path: "/v1/poll", methods: ["POST"], answer };
}
