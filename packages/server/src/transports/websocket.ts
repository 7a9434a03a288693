/**
 * WebSocket (RFC 6455): `ws` does the handshake and parses what comes in; what goes out are ready-made frames, written straight
 * to the socket. Nothing is written that way once a close frame has been sent. Compression is never negotiated.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Code, codes, limits, subprotocol } from "@holdfast/protocol";
import { type RawData, type ServerOptions, type WebSocket, WebSocketServer } from "ws";
import type { Carrier, CarrierEvents, CloseDetails } from "../carrier.ts";
import { entryOf } from "../http/who.ts";
import type { Hub } from "../hub/hub.ts";
import { closeHandshakeMs } from "../hub/link-state.ts";
import { SocketCarrier } from "./socket-carrier.ts";
import { textFrame, websocketFormat } from "./websocket-frames.ts";

const reasonBytesMax = 123;
const fragmentsMax = 64;

/** What `ws` calls its errors, and our codes for the close codes that it has already sent then. */
const faultCodes: Readonly<Record<string, Code>> = {
  WS_ERR_INVALID_UTF8: "not_utf8",
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: "frame_too_large",
  WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: "frame_too_large",
  WS_ERR_TOO_MANY_BUFFERED_PARTS: "frame_too_large",
};

/** The JSON reason of a close frame, cut to what fits. */
export function closeReason(code: Code, details: CloseDetails): string {
  const full = JSON.stringify({ code, ...details });
  if (Buffer.byteLength(full) <= reasonBytesMax) return full;
  const { message: _, ...short } = details;
  return JSON.stringify({ code, ...short });
}

/** Where a socket and its `ws` keep their carrier, so that one set of listeners serves all links: closures would be 0.4 KB per link. */
const carrierKey = Symbol("carrier");
type Carrying<T> = T & { [carrierKey]?: WebSocketCarrier };

class WebSocketCarrier extends SocketCarrier implements Carrier {
  readonly transport = "websocket";
  readonly twoWay = true;
  readonly lasting = true;
  readonly format = websocketFormat;
  readonly #ws: WebSocket;
  readonly #hub: Hub;
  #open = true;

  constructor(ws: WebSocket, socket: Socket, hub: Hub) {
    super(socket);
    this.#ws = ws;
    this.#hub = hub;
  }

  deliver(bytes: Uint8Array): void {
    if (this.#open) this.write(bytes);
  }

  send(frame: Parameters<Carrier["send"]>[0]): void {
    if (this.#open) this.write(textFrame(JSON.stringify(frame)));
  }

  sendAll(frames: Parameters<Carrier["sendAll"]>[0]): void {
    if (this.#open) this.write(Buffer.concat(frames.map((frame) => textFrame(JSON.stringify(frame)))));
  }

  holdInput(held: boolean): void {
    if (held) this.#ws.pause();
    else this.#ws.resume();
  }

  close(code: Code, details: CloseDetails = {}): void {
    if (!this.#open) return;
    this.#open = false;
    this.#ws.resume(); // The answer to the close frame must be read.
    this.#ws.close(codes[code].close ?? 1011, closeReason(code, details));
  }

  belongsTo(subject: string): boolean {
    return this.#hub.countSubject(this.socket, subject);
  }

  destroy(): void {
    this.#open = false;
    this.reset(this.#hub);
  }

  /** Passes on what arrives until the connection is gone. */
  listen(events: CarrierEvents): void {
    this.events = events;
    (this.socket as Carrying<Socket>)[carrierKey] = this;
    (this.#ws as Carrying<WebSocket>)[carrierKey] = this;
    this.socket.on("data", WebSocketCarrier.#data);
    this.#ws.on("message", WebSocketCarrier.#message);
    this.#ws.on("ping", WebSocketCarrier.#ping);
    this.#ws.on("error", WebSocketCarrier.#error);
    this.#ws.on("close", WebSocketCarrier.#close);
  }

  static #data(this: Carrying<Socket>): void {
    const carrier = this[carrierKey];
    if (carrier !== undefined) carrier.events?.bytes();
  }

  static #message(this: Carrying<WebSocket>, data: RawData, isBinary: boolean): void {
    const carrier = this[carrierKey];
    if (carrier === undefined || !carrier.#open) return;
    if (isBinary) {
      carrier.#hub.counters.close("binary_unsupported");
      carrier.close("binary_unsupported");
    } else carrier.events?.text((data as Buffer).toString("utf8"));
  }

  static #ping(this: Carrying<WebSocket>, data: Buffer): void {
    const carrier = this[carrierKey];
    if (carrier === undefined || !carrier.#open) return;
    if (carrier.events?.ping() === true) this.pong(data);
  }

  static #error(this: Carrying<WebSocket>, error: Error & { code?: string }): void {
    const carrier = this[carrierKey];
    if (carrier === undefined) return;
    carrier.#open = false;
    if (error.code?.startsWith("WS_ERR_") === true) carrier.#hub.counters.close(faultCodes[error.code] ?? "protocol_error");
  }

  static #close(this: Carrying<WebSocket>, closeCode: number): void {
    const carrier = this[carrierKey];
    if (carrier === undefined) return;
    const events = carrier.events;
    carrier.#open = false;
    carrier.events = null;
    events?.gone(closeCode);
  }
}

/** Takes upgrades that have passed the checks of Host and Origin. */
export interface WebSocketTransport {
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void;
  close(): void;
}

export function websocketTransport(hub: Hub): WebSocketTransport {
  // `closeTimeout` is newer than the published types.
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: limits.wireBytesMax.value,
    maxFragments: fragmentsMax,
    closeTimeout: closeHandshakeMs,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  };
  const server = new WebSocketServer(options);
  return {
    upgrade: (request, socket, head) => {
      server.handleUpgrade(request, socket, head, (ws) => {
        socket.setNoDelay(true);
        accept(hub, ws, socket, request);
      });
    },
    close: () => server.close(),
  };
}

/** Refusals come after 101, as close codes, because browsers hide the status of a failed upgrade. */
function accept(hub: Hub, ws: WebSocket, socket: Socket, request: IncomingMessage): void {
  const carrier = new WebSocketCarrier(ws, socket, hub);
  if (ws.protocol !== subprotocol) {
    hub.counters.refuse("protocol_unsupported");
    ws.on("error", () => socket.destroy());
    carrier.close("protocol_unsupported", { message: `offer the subprotocol ${subprotocol}` });
    return;
  }
  const accepted = hub.accept(carrier, false, entryOf(request, hub));
  if ("refused" in accepted) {
    ws.on("error", () => socket.destroy());
    carrier.close(accepted.refused, { afterMs: accepted.afterMs });
    return;
  }
  carrier.listen(accepted);
}
