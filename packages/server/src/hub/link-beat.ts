/**
 * The beats of one link: at each it is seen for how long the peer has been silent and has taken nothing, and the peer is told where
 * every changed stream stands. What silence means is not decided here but in link-state.ts. When a link has its turn is the wheel's
 * affair (beats.ts). A beat must never be put behind bytes that wait.
 */
import type { StreamBeat } from "@holdfast/protocol";
import type { Carrier } from "../carrier.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkSubscriptions } from "./link-subscriptions.ts";
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
  /** For how long nothing came, and for how long bytes have waited for the peer. */
  check(silentMs: number, stalledMs: number): void;
}

export class LinkBeat {
  readonly #link: BeatingLink;
  readonly #hub: HubContext;
  readonly #subscribed: LinkSubscriptions;
  /** Since when bytes have waited for the peer; -1 while none do. */
  #stalledSinceMs = -1;
  #advisedWindowMs = 0;

  constructor(link: BeatingLink, hub: HubContext, subscribed: LinkSubscriptions) {
    this.#link = link;
    this.#hub = hub;
    this.#subscribed = subscribed;
  }

  /** The peer has taken everything. */
  drained(): void {
    this.#stalledSinceMs = -1;
  }

  /** What the client is told of reconnects now; beats repeat it when it has changed a lot. */
  advice(): { readonly windowMs: number } {
    this.#advisedWindowMs = this.#hub.reconnectWindowMs();
    return { windowMs: this.#advisedWindowMs };
  }

  /** Checks the peer, then says where every changed stream stands. */
  beat(nowMs: number): void {
    const link = this.#link;
    const { carrier } = link;
    if (carrier.queuedBytes === 0) this.#stalledSinceMs = -1;
    else if (this.#stalledSinceMs < 0) this.#stalledSinceMs = nowMs;
    const stalledMs = this.#stalledSinceMs < 0 ? 0 : nowMs - this.#stalledSinceMs;
    const silentMs = this.#silentMs(nowMs);
    link.check(silentMs, stalledMs);
    const { heartbeatMs } = this.#hub.options;
    if (link.live && silentMs > heartbeatMs) {
      // The next beat would come too late to free the descriptor within two beats of silence. Whether anything came since is
      // asked of the bytes, not of the clock: a timer may fire a fraction of a millisecond early.
      const { lastBytesMs } = link;
      this.#hub.env.clock.after(2 * heartbeatMs - silentMs, () => {
        if (link.lastBytesMs === lastBytesMs && !link.inputHeld) link.check(2 * heartbeatMs, 0);
      });
    }
    // While bytes wait, they are the proof of life to come; a beat behind them would only add to the pile.
    if (link.live && carrier.queuedBytes === 0) this.#send();
  }

  /** For how long the peer has been silent; what is not read from it, because answers wait, is not held against it. */
  #silentMs(nowMs: number): number {
    const { carrier, inputHeld, lastBytesMs } = this.#link;
    return carrier.twoWay && !inputHeld ? nowMs - lastBytesMs : 0;
  }

  #send(): void {
    const streams = streamBeats(this.#subscribed.readers);
    const advise = Math.abs(this.#hub.reconnectWindowMs() - this.#advisedWindowMs) * 4 > this.#advisedWindowMs;
    this.#link.carrier.send({
      type: "beat",
      ...(streams === null ? {} : { streams }),
      ...(advise ? { reconnect: this.advice() } : {}),
    });
  }
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
