/**
 * A first look at what can be opened beside plain requests: whether the URL takes a WebSocket, and whether it is an event stream. It says nothing on them.
 */
import type { Clock } from "@holdfast/protocol";
import type { EventStreamFact, WebSocketFact } from "../facts.ts";
import { unknown } from "../facts.ts";
import { within } from "../probes/pause.ts";
import { NotAStream, StreamSeat } from "./seats-events.ts";
import type { SeatContext } from "./seats-http1.ts";
import { NotUpgraded, SocketSeat, type SocketTarget } from "./seats-websocket.ts";

/** How long a first look listens, at most. */
export const lookMsMax = 2_000;

/** Rejects when neither an upgrade nor a refusal came. */
export async function tryWebSocket(context: SeatContext, target: SocketTarget, lookMs: number): Promise<WebSocketFact> {
  const { clock, dialler } = context;
  const url = `${dialler.origin.replace(/^http/, "ws")}${target.path}`;
  try {
    const seat = await SocketSeat.open(context, target, "nothing");
    try {
      const startMs = clock.monoMs();
      const tried = await seat.attempt(context.waitMs);
      const pongMs = tried.how === "alive" ? clock.monoMs() - startMs : null;
      const before = seat.heard;
      await listen(clock, seat.ended, lookMs);
      if (seat.fault !== null) throw new Error(`it was upgraded, and what came is no WebSocket: ${seat.fault}`);
      const own = seat.heard - before;
      return { url, taken: true, status: 101, pongMs, beatMs: target.protocol === null && own > 0 ? lookMs / own : null };
    } finally {
      seat.close();
    }
  } catch (thrown) {
    if (thrown instanceof NotUpgraded) return { url, taken: false, status: thrown.status, pongMs: null, beatMs: null };
    throw thrown;
  }
}

/** Rejects when nothing was answered. */
export async function tryEventStream(context: SeatContext, path: string, lookMs: number): Promise<EventStreamFact> {
  const { clock, dialler } = context;
  const base = { url: `${dialler.origin}${path}`, signature: unknown("only a stream that says when each event was sent tells: the agent's does") };
  try {
    const seat = await StreamSeat.open(context, { path: () => path, isAgent: false }, "nothing", 0);
    try {
      await listen(clock, seat.ended, lookMs);
      const { chunksMs, openedMs } = seat;
      const pauses = chunksMs.slice(1).map((atMs, i) => atMs - (chunksMs[i] as number));
      const firstByteMs = chunksMs[0] === undefined ? null : chunksMs[0] - openedMs;
      const longestPauseMs = pauses.length === 0 ? null : Math.max(...pauses);
      return { ...base, status: 200, contentType: "text/event-stream", is: true, firstByteMs, chunks: chunksMs.length, longestPauseMs };
    } finally {
      seat.close();
    }
  } catch (thrown) {
    if (!(thrown instanceof NotAStream)) throw thrown;
    const { status, headers } = thrown.head;
    return { ...base, status, contentType: headers["content-type"] ?? null, is: false, firstByteMs: null, chunks: 0, longestPauseMs: null };
  }
}

async function listen(clock: Clock, ended: Promise<unknown>, lookMs: number): Promise<void> {
  await within(clock, ended, lookMs, null);
}
