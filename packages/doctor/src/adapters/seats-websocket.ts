/**
 * Seats of WebSocket: an upgraded connection on which nobody says anything.
 */
import type { Clock } from "@holdfast/protocol";
import { WebSocket } from "ws";
import type { Moving } from "../facts.ts";
import { within } from "../probes/pause.ts";
import type { Seat, SeatEnd, Seats, Tried } from "../probes/seat.ts";
import type { Line } from "./line.ts";
import { endingOf, onWrite, type SeatContext } from "./seats-http1.ts";

/** Where the upgrade is asked for, and what is known of who takes it. */
export interface SocketTarget {
  readonly path: string;
  /** The agent's subprotocol, where it is the agent: it says who the connection is, and does as it is told. */
  readonly protocol: string | null;
  readonly beatMs: number;
}

/** The upgrade was answered otherwise. */
export class NotUpgraded extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the upgrade was answered with status ${status}`);
    this.status = status;
  }
}

export function socketSeats(context: SeatContext, target: SocketTarget): Seats {
  // Only the agent takes whatever is sent: an application would act on it.
  const moves: readonly Moving[] = ["tcp_keepalive", "websocket_ping", ...(target.protocol === null ? [] : (["to_server", "to_client"] as const))];
  return { of: "websocket", moves, open: async (moving) => await SocketSeat.open(context, target, moving) };
}

/** After a close frame the other side ends the connection at once, or it is ended from here. */
const closingMsMax = 500;
/** What is said of a close without a frame. */
const noFrame = 1_006;
const messageBytesMax = 1_048_576;

export class SocketSeat implements Seat {
  readonly ended: Promise<SeatEnd>;
  connId: string | null = null;
  /** Messages and pings that came by themselves. */
  heard = 0;
  /** What came and is no WebSocket's; null: nothing of the kind. */
  fault: string | null = null;
  readonly #line: Line;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #moving: Moving;
  #quietSinceMs: number;
  #frameMs: number | null = null;
  #hello = Promise.withResolvers<void>();

  private constructor(context: SeatContext, line: Line, socket: WebSocket, moving: Moving) {
    this.#clock = context.clock;
    this.#line = line;
    this.#socket = socket;
    this.#moving = moving;
    this.#quietSinceMs = this.#clock.monoMs();
    const { promise, resolve } = Promise.withResolvers<SeatEnd>();
    this.ended = promise;
    socket.on("message", (data) => this.#take(String(data)));
    socket.on("ping", () => this.#moved(true));
    socket.on("pong", () => this.#moved(false));
    socket.on("error", (fault) => {
      this.fault ??= fault.message;
    });
    socket.on("close", (code) => {
      // 1006: no frame had come, so it was ended from here.
      if (this.#frameMs !== null) resolve(code === noFrame ? { how: "fin", atMs: this.#frameMs } : { how: "close_frame", code, atMs: this.#frameMs });
    });
    void line.ended.then((end) => {
      if (this.#frameMs === null) resolve({ how: endingOf(end), atMs: end.atMs });
    });
  }

  /** Rejects with `NotUpgraded` when another status came. */
  static async open(context: SeatContext, { path, protocol, beatMs }: SocketTarget, moving: Moving): Promise<SocketSeat> {
    const { dialler, clock, request, waitMs } = context;
    const line = await dialler.dial({ alpn: ["http/1.1"] });
    const url = `${dialler.origin.replace(/^http/, "ws")}${path}`;
    const headers = Object.fromEntries(request.headers.filter(([name]) => name !== "accept"));
    const options = { createConnection: () => line.socket, headers, perMessageDeflate: false, followRedirects: false, maxPayload: messageBytesMax };
    const socket = new WebSocket(url, protocol === null ? [] : [protocol], options);
    const seat = new SocketSeat(context, line, socket, moving);
    const opened = await within(clock, upgradeOf(socket), waitMs, new Error("the upgrade was not answered in time"));
    if (opened instanceof Error) {
      seat.close();
      throw opened;
    }
    line.socket.on("data", () => seat.#look());
    seat.#quietSinceMs = clock.monoMs();
    if (protocol !== null) {
      await within(clock, seat.#hello.promise, waitMs, undefined);
      socket.send(JSON.stringify(moving === "to_client" ? { do: "send", everyMs: beatMs, count: 1_000_000 } : { do: "silent" }));
    }
    if (moving === "tcp_keepalive") line.probe();
    return seat;
  }

  lastByteMs(): number {
    return this.#quietSinceMs;
  }

  /** A ping, which any endpoint of WebSocket must answer. */
  async attempt(waitMs: number): Promise<Tried> {
    if (this.#line.end === null && this.#frameMs === null) {
      const pong = Promise.withResolvers<"alive">();
      this.#socket.once("pong", () => pong.resolve("alive"));
      this.#ping();
      const came = await within(this.#clock, Promise.race([pong.promise, this.ended]), waitMs, "silent" as const);
      if (typeof came === "string") return { how: came };
      if (came.how === "rst" && this.#line.end !== null) return onWrite(this.#line.end);
      return came.code === undefined ? { how: came.how } : { how: came.how, code: came.code };
    }
    const { how, code } = await this.ended;
    return code === undefined ? { how } : { how, code };
  }

  move(): void {
    if (this.#moving === "websocket_ping") this.#ping();
    if (this.#moving === "to_server" && this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ do: "silent" }));
  }

  close(): void {
    this.#socket.terminate();
    this.#line.close();
  }

  #ping(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  #moved(isOwn: boolean): void {
    if (isOwn) this.heard++;
    this.#quietSinceMs = this.#clock.monoMs();
  }

  /** A close frame shows in the state before the connection ends. */
  #look(): void {
    if (this.#frameMs !== null || this.#socket.readyState !== WebSocket.CLOSING) return;
    this.#frameMs = this.#clock.monoMs();
    this.#clock.after(closingMsMax, () => this.#socket.terminate());
  }

  #take(text: string): void {
    this.#moved(true);
    if (this.connId !== null) return;
    try {
      const message = JSON.parse(text) as { readonly is?: unknown; readonly connId?: unknown } | null;
      if (message?.is === "hello" && typeof message.connId === "string") this.connId = message.connId;
    } catch {
      // Not the agent's.
    }
    this.#hello.resolve();
  }
}

function upgradeOf(socket: WebSocket): Promise<null | Error> {
  return new Promise((resolve) => {
    socket.once("open", () => resolve(null));
    socket.once("unexpected-response", (_, response) => {
      resolve(new NotUpgraded(response.statusCode ?? 0));
      response.destroy();
    });
    socket.once("error", (fault) => resolve(fault));
  });
}
