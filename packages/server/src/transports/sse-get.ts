/**
 * `GET /v1/sse`: event streams for native `EventSource`, curl, and whoever can read lines. Every event ends with an id that says
 * where all streams stand after it, so an event that is cut off takes its id with it, and the one before is the place to resume from.
 * A native client gives up for ever on any status but 200: what passes by itself is an event stream that ends at once.
 */
import type { ServerResponse } from "node:http";
import { type Code, codes, randomFraction } from "@holdfast/protocol";
import type { CloseDetails } from "../carrier.ts";
import { FlushMemo } from "./chunks.ts";
import { eventId, idPrefix, type Place } from "./event-id.ts";
import type { TransportParts } from "./request-transport.ts";
import type { ControlFrame } from "./response-carrier.ts";
import { SseCarrier } from "./sse-carrier.ts";
import type { SseQuery } from "./sse-query.ts";
import type { WayOut } from "./way-out.ts";

/** The shortest time after which a client comes back: it keeps the last one that it was told, also when nobody answers any more. */
const retryMsMin = 1_000;

/** What ends an event: the id after the data, so that neither counts without the other. */
const endOf = (prefix: string, places: readonly Place[]): string => `id: ${eventId(prefix, places)}\n\n`;

/**
 * Flushes of all native links. Where a URL names one stream, those who are given the same bytes stand at the same place: the id is
 * made once for all of them, not found to be equal for each.
 */
export class NativeFlushMemo {
  readonly #memo = new FlushMemo();
  #bytes: Uint8Array | null = null;
  #prefix = "";
  #end = "";

  /** `bytes` and the id for `places`, which are those after these bytes. The result is shared: never written to. */
  flush(bytes: Uint8Array, prefix: string, places: readonly Place[], isChunked: boolean): Uint8Array {
    const isAlone = places.length === 1;
    if (!isAlone || bytes !== this.#bytes || prefix !== this.#prefix) {
      this.#end = endOf(prefix, places);
      this.#bytes = isAlone ? bytes : null;
      this.#prefix = prefix;
    }
    return this.#memo.flush(bytes, this.#end, isChunked);
  }
}

/** Links that name one stream, as most do, need none. */
const noPlaces: ReadonlyMap<string, Place> = new Map();

export class NativeSseCarrier extends SseCarrier {
  readonly #memo: NativeFlushMemo;
  readonly #prefix: string;
  readonly #places: readonly Place[];
  readonly #placeOf: ReadonlyMap<string, Place>;

  constructor(response: ServerResponse, way: WayOut, parts: TransportParts, memo: NativeFlushMemo, query: SseQuery) {
    super(response, way, parts);
    this.#memo = memo;
    this.#prefix = idPrefix(query.streams);
    this.#places = query.places;
    this.#placeOf = query.streams.length === 1 ? noPlaces : new Map(query.streams.map((stream, i) => [stream, query.places[i] as Place]));
  }

  deliver(bytes: Uint8Array, stream: string, position: string): void {
    if (!this.isOpen) return;
    this.#moved(stream, position);
    this.write(this.#memo.flush(bytes, this.#prefix, this.#places, this.isChunked));
  }

  send(frame: ControlFrame): void {
    if (!this.isOpen) return;
    switch (frame.type) {
      case "welcome":
        this.#event(frame, this.#retryMs(frame.reconnect.windowMs));
        return;
      case "goaway":
        // There is nobody to make before breaking: the client comes back by itself, from the last id.
        this.leaveSession();
        this.parts.hub.counters.close(frame.code);
        this.#bye(frame.code, {}, retryMsMin + frame.afterMs);
        return;
      case "subscribed":
        this.#moved(frame.stream, frame.position);
        break;
      case "gap":
        this.#moved(frame.stream, frame.after);
        break;
      case "closed": {
        this.#moved(frame.stream, frame.position);
        const place = this.#place(frame.stream);
        if (place !== undefined) place.hasEnded = true;
        break;
      }
      default:
    }
    this.#event(frame, null);
    if (frame.type === "unsubscribed") {
      // Nothing that the client could subscribe by: only another request asks again.
      const code = frame.code ?? "internal";
      this.parts.hub.counters.close(code);
      this.#bye(code, frame.message === undefined ? {} : { message: frame.message }, this.#retryMs());
    } else if (frame.type === "closed" && this.#places.every((place) => place.hasEnded)) this.finish();
  }

  sendAll(frames: readonly ControlFrame[]): void {
    for (const frame of frames) this.send(frame);
  }

  protected bye(code: Code, details: CloseDetails): void {
    this.#bye(code, details, this.#retryMs(details.windowMs) + (details.afterMs ?? 0));
  }

  protected override refuse(code: Code, afterMs: number): void {
    this.turnAway(code, undefined, afterMs);
  }

  /** Ends the response before there is a link: what passes by itself as an event stream, all else by its status. */
  turnAway(code: Code, message: string | undefined, afterMs: number): void {
    if (codes[code].retry === "stop" || code === "token_expired") super.refuse(code, afterMs, message);
    else this.#bye(code, { afterMs }, this.#retryMs() + afterMs);
  }

  rotate(): void {
    this.send({ type: "goaway", code: "rotated", afterMs: Math.round(retryMsMin * randomFraction(this.parts.env.rng)), deadlineMs: 0 });
  }

  #retryMs(windowMs = this.parts.hub.reconnectWindowMs()): number {
    return retryMsMin + Math.round(randomFraction(this.parts.env.rng) * windowMs);
  }

  #moved(stream: string, position: string): void {
    const place = this.#place(stream);
    if (place !== undefined) place.position = position;
  }

  /** A link is told of the streams of its URL only. */
  #place(stream: string): Place | undefined {
    return this.#places.length === 1 ? this.#places[0] : this.#placeOf.get(stream);
  }

  #event(message: { readonly type: string }, retryMs: number | null): void {
    const retry = retryMs === null ? "" : `retry: ${retryMs}\n`;
    this.writeText(`${retry}event: ${message.type}\ndata: ${JSON.stringify(message)}\n${endOf(this.#prefix, this.#places)}`);
  }

  #bye(code: Code, details: CloseDetails, retryMs: number): void {
    this.#event({ type: "bye", code, ...details } as { readonly type: string }, retryMs);
    this.finish();
  }
}
