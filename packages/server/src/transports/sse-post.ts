/**
 * `POST /v1/sse`: event streams for clients of our own kind, which read responses by fetch and keep their cursors themselves.
 * Events have no name and no id; every `data:` line is one message.
 */
import type { ServerResponse } from "node:http";
import type { Code } from "@holdfast/protocol";
import type { CloseDetails } from "../carrier.ts";
import type { FlushMemo } from "./chunks.ts";
import type { TransportParts } from "./request-transport.ts";
import type { ControlFrame } from "./response-carrier.ts";
import { rotateDeadlineMs } from "./rotation.ts";
import { SseCarrier } from "./sse-carrier.ts";
import type { WayOut } from "./way-out.ts";

export class PostedSseCarrier extends SseCarrier {
  readonly #memo: FlushMemo;

  constructor(response: ServerResponse, way: WayOut, parts: TransportParts, memo: FlushMemo) {
    super(response, way, parts);
    this.#memo = memo;
  }

  deliver(bytes: Uint8Array): void {
    if (this.isOpen) this.write(this.#memo.flush(bytes, "\n", this.isChunked));
  }

  send(frame: ControlFrame): void {
    if (!this.isOpen) return;
    this.writeText(`data: ${JSON.stringify(frame)}\n\n`);
    if (frame.type === "goaway") this.leaveSession();
  }

  sendAll(frames: readonly ControlFrame[]): void {
    if (this.isOpen) this.writeText(`${frames.map((frame) => `data: ${JSON.stringify(frame)}\n`).join("")}\n`);
  }

  protected bye(code: Code, details: CloseDetails): void {
    this.writeText(`data: ${JSON.stringify({ type: "bye", code, ...details })}\n\n`);
  }

  rotate(remainingMs?: number): void {
    if (!this.isOpen) return; // It has its time already.
    const deadlineMs = rotateDeadlineMs(this.parts.options, remainingMs);
    // `welcome` comes first. A link that has not got that far yet may be over before it does.
    if (this.hasBegun) this.send({ type: "goaway", code: "rotated", afterMs: 0, deadlineMs });
    this.ages(deadlineMs, () => {
      this.parts.hub.counters.close("rotated");
      this.close("rotated");
    });
  }
}
