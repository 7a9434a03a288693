/**
 * The beats of one link: at each it is seen for how long the peer has been silent and has taken nothing, and the peer is told where
 * every changed stream stands. What silence means is not decided here but in link-state.ts. When a link has its turn is the wheel's
 * affair (beats.ts). A beat must never be put behind bytes that wait. What beats remember is in the link's own fields: an object for
 * it would add to what thousands of idle links cost.
 */
import type { StreamBeat } from "@holdfast/protocol";
import type { Carrier } from "../carrier.ts";
import type { HubContext } from "./hub-context.ts";
import type { Reader } from "./reader.ts";

/** A beat names at most so many streams; the next beat names the rest. A name and two tokens stay under 512 bytes. */
const beatStreamsMax = 64;

/** What beats need of their link. */
export interface BeatingLink {
  readonly carrier: Carrier;
  /** Whether the handshake is done and no close has begun. */
  readonly live: boolean;
  /** When something of the peer arrived last. */
  readonly lastBytesMs: number;
  /** Whether nothing is read from the peer, because answers wait. */
  readonly inputHeld: boolean;
  /** Since when bytes have waited for the peer; -1 while none do. */
  stalledSinceMs: number;
  /** What its client was told last of how long reconnects are spread over. */
  advisedWindowMs: number;
  /** For how long nothing came, and for how long bytes have waited for the peer. */
  check(silentMs: number, stalledMs: number): void;
}

/** What the client is told of reconnects now; beats repeat it when it has changed a lot. */
export function advise(link: BeatingLink, hub: HubContext): { readonly windowMs: number } {
  link.advisedWindowMs = hub.reconnectWindowMs();
  return { windowMs: link.advisedWindowMs };
}

/** One beat: checks the peer, then says where every changed stream stands. */
export function beat(link: BeatingLink, readers: readonly Reader[], hub: HubContext, nowMs: number): void {
  const { carrier } = link;
  if (carrier.queuedBytes === 0) link.stalledSinceMs = -1;
  else if (link.stalledSinceMs < 0) link.stalledSinceMs = nowMs;
  const stalledMs = link.stalledSinceMs < 0 ? 0 : nowMs - link.stalledSinceMs;
  const silentMs = silence(link, nowMs);
  link.check(silentMs, stalledMs);
  const { heartbeatMs } = hub.options;
  if (link.live && silentMs > heartbeatMs) {
    // The next beat would come too late to free the descriptor within two beats of silence. Whether anything came since is
    // asked of the bytes, not of the clock: a timer may fire a fraction of a millisecond early.
    const { lastBytesMs } = link;
    hub.env.clock.after(2 * heartbeatMs - silentMs, () => {
      if (link.lastBytesMs === lastBytesMs && !link.inputHeld) link.check(2 * heartbeatMs, 0);
    });
  }
  // While bytes wait, they are the proof of life to come; a beat behind them would only add to the pile.
  if (link.live && carrier.queuedBytes === 0) sendBeat(link, readers, hub);
}

/** For how long the peer has been silent; what is not read from it, because answers wait, is not held against it. */
function silence({ carrier, inputHeld, lastBytesMs }: BeatingLink, nowMs: number): number {
  return carrier.twoWay && !inputHeld ? nowMs - lastBytesMs : 0;
}

function sendBeat(link: BeatingLink, readers: readonly Reader[], hub: HubContext): void {
  const streams = streamBeats(readers);
  const isChanged = Math.abs(hub.reconnectWindowMs() - link.advisedWindowMs) * 4 > link.advisedWindowMs;
  link.carrier.send({
    type: "beat",
    ...(streams === null ? {} : { streams }),
    ...(isChanged ? { reconnect: advise(link, hub) } : {}),
  });
}

/** The streams that have moved since the last beat, which count as told from now on; null when none has. */
function streamBeats(readers: readonly Reader[]): Readonly<Record<string, StreamBeat>> | null {
  const streams: [name: string, beat: StreamBeat][] = [];
  for (const reader of readers) {
    const { cursor, stream } = reader;
    if (!reader.placed) continue;
    if (cursor === reader.beatSent && stream.tail.last === reader.beatHead) continue;
    if (streams.length >= beatStreamsMax) break;
    reader.beatSent = cursor;
    reader.beatHead = stream.tail.last;
    streams.push([stream.name, { sent: reader.position, head: stream.headPosition }]);
  }
  return streams.length > 0 ? Object.fromEntries(streams) : null;
}
