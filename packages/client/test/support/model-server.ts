/**
 * A server of the protocol over a memory transport whose messages take time, and which can be hurt: links cut, silenced in either
 * direction, entries lost or repeated on the way, publishes refused for now, outcomes unknown, restarts. Everything by the world's clock.
 */
import { type ClientFrame, decodeClientFrame, entryOfParts, entryPart, entryPrefix, fromBase64, partCount } from "@holdfast/protocol";
import type { HandWorld } from "./hand-world.ts";
import { type MemoryConn, MemoryNet } from "./memory-net.ts";
import { ModelLog } from "./model-log.ts";

/** How often each thing happens, as fractions; all 0 for a good server. */
export interface Hurts {
  loseEntry: number;
  repeatEntry: number;
  busy: number;
  unknownOutcome: number;
  refuseDial: number;
  /** In ms, each way, up to. */
  delayMs: number;
}
export const good: Hurts = { loseEntry: 0, repeatEntry: 0, busy: 0, unknownOutcome: 0, refuseDial: 0, delayMs: 20 };

class ServerLink {
  readonly conn: MemoryConn;
  readonly cursors = new Map<string, string>();
  readonly told = new Map<string, string>();
  toServer = true;
  toClient = true;
  isOver = false;
  parts: Uint8Array[] = [];
  upMs = 0;
  downMs = 0;

  constructor(conn: MemoryConn) {
    this.conn = conn;
  }
}

export class ModelServer {
  readonly net = new MemoryNet();
  readonly logs = new Map<string, ModelLog>();
  hurts: Hurts = { ...good };
  readonly #world: HandWorld;
  #links: ServerLink[] = [];
  #epoch = 1;
  #linkIds = 0;
  /** Payloads that are refused for good. */
  isRefused: (payload: string) => boolean = () => false;

  constructor(world: HandWorld) {
    this.#world = world;
    this.net.onDial = (conn) => this.#dialled(conn);
  }

  get links(): readonly ServerLink[] {
    return this.#links;
  }
  get clock(): HandWorld["env"]["clock"] {
    return this.#world.env.clock;
  }

  log(stream: string): ModelLog {
    let log = this.logs.get(stream);
    if (log === undefined) {
      log = new ModelLog();
      this.logs.set(stream, log);
    }
    return log;
  }

  /** The server itself adds an entry. */
  append(stream: string, payload: unknown): void {
    this.log(stream).append(`e${this.#epoch}`, JSON.stringify(payload), false, undefined, undefined);
    this.flush();
  }

  cut(link: ServerLink, closeCode = 1006, reason: object | string = ""): void {
    if (link.isOver) return;
    link.isOver = true;
    this.#links = this.#links.filter((each) => each !== link);
    if (link.toClient) link.conn.end(closeCode, reason);
  }

  /** Cuts all links; another writer incarnation goes on with the log. */
  restart(): void {
    for (const link of [...this.#links]) this.cut(link);
    this.#epoch++;
  }

  /** Restarts from an old copy of a stream. */
  fork(stream: string, count: number): void {
    this.restart();
    this.log(stream).fork(count);
  }

  goaway(afterMs: number): void {
    for (const link of [...this.#links]) {
      this.#tell(link, JSON.stringify({ type: "goaway", code: "draining", afterMs, deadlineMs: 30_000 }));
      this.clock.after(30_000, () => this.cut(link, 1012, { code: "draining" }));
    }
  }

  heal(): void {
    this.hurts = { ...good };
    // What was silenced stays so: the client has to notice by itself.
  }

  #dialled(conn: MemoryConn): void {
    if (conn.ended !== null) return;
    const link = new ServerLink(conn);
    if (this.#world.random() < this.hurts.refuseDial) {
      this.clock.after(this.#delay(), () => conn.fail("connect_failed"));
      return;
    }
    this.#links.push(link);
    conn.answersPings = false;
    conn.onSend = () => this.#sent(link, conn.sentTexts.at(-1) as string);
    this.clock.after(this.#delay(), () => link.toClient && conn.open());
    this.#beat(link);
  }

  #delay(): number {
    return this.#world.random() * this.hurts.delayMs;
  }

  #sent(link: ServerLink, text: string): void {
    link.upMs = Math.max(link.upMs, this.#world.nowMs + this.#delay());
    this.clock.after(link.upMs - this.#world.nowMs, () => {
      if (!link.toServer || link.isOver) return;
      const decoded = decodeClientFrame(text);
      if (decoded.ok) this.#take(link, decoded.frame);
    });
  }

  #tell(link: ServerLink, text: string): void {
    link.downMs = Math.max(link.downMs, this.#world.nowMs + this.#delay());
    this.clock.after(link.downMs - this.#world.nowMs, () => {
      if (link.toClient) link.conn.say(text);
    });
  }

  #take(link: ServerLink, frame: ClientFrame): void {
    const tell = (message: object): void => this.#tell(link, JSON.stringify(message));
    switch (frame.type) {
      case "hello":
        tell({
          type: "welcome",
          link: `l${++this.#linkIds}`,
          node: "n",
          heartbeatMs: 12_000,
          entryBytesMax: 262_144,
          subscriptionsMax: 100,
          reconnect: { windowMs: 1_000 },
        });
        return;
      case "subscribe": {
        const log = this.log(frame.stream);
        const start = log.start(frame.from);
        tell({ type: "subscribed", id: frame.id, stream: frame.stream, position: start.position, head: log.head });
        link.cursors.set(frame.stream, start.position);
        link.told.set(frame.stream, `${start.position} ${log.head}`);
        this.#flush(link, frame.stream);
        return;
      }
      case "unsubscribe":
        link.cursors.delete(frame.stream);
        tell({ type: "unsubscribed", stream: frame.stream });
        return;
      case "part":
        link.parts.push(fromBase64(frame.base64) as Uint8Array);
        return;
      case "publish":
        this.#publish(link, frame);
        return;
      case "ping":
        tell({ type: "pong", id: frame.id });
        return;
      default:
        return;
    }
  }

  #publish(link: ServerLink, frame: Extract<ClientFrame, { type: "publish" }>): void {
    const bytes = frame.parts > 0 ? Buffer.concat(link.parts) : frame.payload;
    link.parts = [];
    const payload = frame.hasEntry ? Buffer.from(bytes).toString() : null;
    const refuse = (code: string): void => this.#tell(link, JSON.stringify({ type: "refused", id: frame.id, code, message: "" }));
    const refusal = this.#refusal(payload);
    if (refusal !== null) {
      refuse(refusal);
      return;
    }
    // Applied, but nobody is told so.
    const isUnknown = this.#world.random() < this.hurts.unknownOutcome / 2;
    const answer = this.log(frame.stream).append(`e${this.#epoch}`, payload, frame.close, frame.producer, frame.dedupeKey);
    if (isUnknown) refuse("unknown_outcome");
    else if ("code" in answer) refuse(answer.code);
    else this.#tell(link, JSON.stringify({ type: "published", id: frame.id, ...answer }));
    this.flush();
  }

  #refusal(payload: string | null): string | null {
    if (payload !== null && this.isRefused(payload)) return "entry_too_large";
    if (this.#world.random() < this.hurts.busy) return "engine_busy";
    return this.#world.random() < this.hurts.unknownOutcome / 2 ? "unknown_outcome" : null;
  }

  flush(): void {
    for (const link of this.#links) for (const stream of link.cursors.keys()) this.#flush(link, stream);
  }

  #flush(link: ServerLink, stream: string): void {
    const log = this.log(stream);
    const gap = log.gapAt(link.cursors.get(stream) as string);
    if (gap !== null) {
      this.#tell(link, JSON.stringify({ type: "gap", stream, ...gap, from: link.cursors.get(stream), head: log.head }));
      link.cursors.set(stream, gap.after);
    }
    for (const entry of log.after(link.cursors.get(stream) as string, Infinity)) {
      link.cursors.set(stream, entry.position);
      if (this.#world.random() < this.hurts.loseEntry) continue;
      this.#tellEntry(link, stream, entry);
      if (this.#world.random() < this.hurts.repeatEntry) this.#tellEntry(link, stream, entry);
    }
    if (!log.isClosed || link.cursors.get(stream) !== log.head) return;
    link.cursors.delete(stream);
    this.#tell(link, JSON.stringify({ type: "closed", stream, position: log.head }));
  }

  #tellEntry(link: ServerLink, stream: string, { position, prev, payload }: { position: string; prev: string; payload: string }): void {
    const header = { stream, position, prev, timeMs: 5 };
    const bytes = Buffer.from(payload);
    const parts = partCount("json", bytes.length);
    for (let i = 0; i < parts; i++) this.#tell(link, entryPart(stream, position, bytes, i));
    this.#tell(link, parts > 0 ? entryOfParts(header, parts, "json") : `${entryPrefix(header)}"data":${payload}}`);
  }

  #beat(link: ServerLink): void {
    this.clock.after(12_000 * (1 + 0.1 * this.#world.random()), () => {
      if (link.isOver || link.conn.ended !== null) return;
      const streams: Record<string, object> = {};
      for (const [stream, sent] of link.cursors) {
        const { head } = this.log(stream);
        const now = `${sent} ${head}`;
        if (link.told.get(stream) !== now) streams[stream] = { sent, head };
        link.told.set(stream, now);
      }
      this.#tell(link, JSON.stringify({ type: "beat", streams }));
      this.#beat(link);
    });
  }
}
