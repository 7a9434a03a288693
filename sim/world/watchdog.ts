/**
 * Watches promises that hold at every moment: a client that says "live" has heard from its server lately, none dials in a hot loop,
 * and no link holds more unsent bytes than its limits allow.
 */
import { limits } from "@holdfast/protocol";
import type { Violations } from "../checker/violations.ts";
import type { Network } from "../net/network.ts";
import type { Points } from "../points.ts";
import type { ClientNode } from "./client-node.ts";
import type { ServerNode } from "./server-node.ts";

export interface WatchdogParts {
  readonly network: Network;
  readonly server: ServerNode;
  readonly clients: readonly ClientNode[];
  readonly violations: Violations;
  readonly points: Points;
  readonly nowMs: () => number;
  /** No fault strikes in this run. */
  readonly isPeace: boolean;
}

/** Every so many events the slower looks are taken. */
const everyEvents = 16;
/** What the client allows itself beyond the heartbeat before it doubts, and while it moves to another link. */
const doubtMs = 2_000;
const moveMs = 5_000;
const toleranceMs = 500;
/** One flush, or one large entry in base64 with its envelopes. */
const flushBytesMax = Math.max(limits.wireBytesMax.value, Math.ceil((limits.entryBytesMax.value * 4) / 3) + 8_192) * 2;
/** More dials of one client within a second than any backoff, wake-up or fallback accounts for. */
const dialsPerSecondMax = 40;
/** With less of these, a server ends links of its own accord. */
const peaceStallMs = 60_000;
const peaceLinks = 1_000;
/** An answer, a beat or a close. */
const answerBytes = 1_024;

export class Watchdog {
  readonly #parts: WatchdogParts;
  #events = 0;
  /** Clients that were on another than the first transport. */
  readonly #wasLower = new WeakSet<object>();
  /** What each client's dials are counted from. */
  readonly #dialled = new WeakMap<object, { sinceMs: number; dials: number }>();
  /** Clients that were live, and have had something to read since. */
  readonly #wasLive = new WeakSet<object>();
  /** Clients that have said that a hop holds streams back. */
  readonly #named = new WeakSet<object>();

  constructor(parts: WatchdogParts) {
    this.#parts = parts;
  }

  look(): void {
    this.#events++;
    if (this.#events % everyEvents !== 0) return;
    const { clients } = this.#parts;
    for (const client of clients) {
      this.#checkLive(client);
      this.#checkDials(client);
      this.#lookApart(client);
    }
    this.#checkQueues();
  }

  #checkLive(node: ClientNode): void {
    const { violations, server, nowMs, points } = this.#parts;
    const { process, client } = node;
    if (process === null || client === null || process.frozen || nowMs() < node.judgedFromMs) return;
    const { state, transport, code } = client.status.getSnapshot();
    if (transport === "sse") points.hit("live over sse");
    if (transport === "poll") points.hit("live over poll");
    if (transport !== null && code === "response_buffered") {
      points.hit("held back streams named");
      this.#named.add(client);
    }
    this.#checkPeace(node, client, state);
    if (transport === "websocket" && this.#wasLower.has(client)) points.hit("up to a better transport");
    if (transport === "sse" || transport === "poll") this.#wasLower.add(client);
    if (state !== "live" && state !== "catching-up") return;
    const heardMs = Math.max(node.judgedFromMs, node.heardMs);
    const silentMs = nowMs() - heardMs;
    // While it waits for the answer to a probe, which may be prolonged once, it still says live.
    const probeMs = 2 * (node.plan.options.probeTimeoutMs ?? 0);
    if (silentMs <= server.options.heartbeatMs * 1.1 + doubtMs + Math.max(moveMs, probeMs) + toleranceMs) return;
    violations.add("false-live", `${node.name} says ${state}, and has heard nothing for ${Math.round(silentMs)} ms`);
  }

  #checkDials({ client, name, plan }: ClientNode): void {
    if (client === null) return;
    const { violations, nowMs } = this.#parts;
    const { counters } = client;
    // One that keeps no idle link dials for each publish, as it was told to: only the dials that came to nothing count.
    const dials = counters.dials - (plan.options.idleLinkMs === 0 ? counters.links : 0);
    const from = this.#dialled.get(client);
    if (from !== undefined && nowMs() - from.sinceMs < 1_000) {
      if (dials - from.dials > dialsPerSecondMax) violations.add("dial-storm", `${name} has dialled ${dials - from.dials} times within a second`);
    } else this.#dialled.set(client, { sinceMs: nowMs(), dials });
  }

  /** Where nothing is wrong, a client that is to move makes before it breaks: it is never without a link. */
  #checkPeace(node: ClientNode, client: object, state: string): void {
    const { isPeace, server, violations } = this.#parts;
    // Without anything to read it lets its link go.
    if (!node.readers.some(({ isOpen }) => isOpen)) this.#wasLive.delete(client);
    else if (state !== "offline") this.#wasLive.add(client);
    if (!isPeace || state !== "offline" || !this.#wasLive.has(client)) return;
    if (server.options.stallMs < peaceStallMs || server.options.linksMax < peaceLinks) return;
    violations.add("liveness", `${node.name} went offline, with nothing wrong`);
  }

  /** What is not as it should be with the transport of a client, when all has been well for a while. */
  transportFault({ client, plan }: ClientNode): string | null {
    const { isPeace } = this.#parts;
    const { transport } = client?.status.getSnapshot() ?? {};
    const { refusesLinks, holdsStreams } = plan.path;
    const isFree = plan.options.transports?.includes("websocket") === true && !refusesLinks;
    // Event streams are ended by age, and then the first transport is tried; polls are kept for longer than a run is watched.
    if (transport === "sse" && isFree) return "is carried by an event stream, though the first transport would pass";
    // Who does not wait for a welcome cannot look into why there is none.
    const isHeldBack = isPeace && transport === "poll" && refusesLinks && holdsStreams && plan.options.handshakeTimeoutMs !== 2_000;
    return isHeldBack && !this.#named.has(client as object) ? "polls, and has not said why event streams do not pass" : null;
  }

  #checkQueues(): void {
    const { network, violations, server, points } = this.#parts;
    const { controlBytesMax, publishesInFlightMax } = server.options;
    const bytesMax = flushBytesMax + controlBytesMax + (publishesInFlightMax + 300) * answerBytes;
    for (const connection of network.all()) {
      const queued = connection.queuedBytes("server");
      if (queued === 0) continue;
      points.hit("gate closed");
      if (queued > bytesMax) violations.add("unbounded-queue", `${queued} bytes wait at one link; at most ${bytesMax} are allowed`);
    }
  }

  #lookApart({ readers }: ClientNode): void {
    if (readers.length < 2 || this.#parts.points.of("local readers apart") > 0) return;
    for (const a of readers) {
      for (const b of readers) {
        const isPair = a !== b && a.isOpen && b.isOpen && a.plan.stream === b.plan.stream;
        if (isPair && (a.check?.delivered ?? 0) > 0 && a.check?.place !== b.check?.place) this.#parts.points.hit("local readers apart");
      }
    }
  }
}
