/**
 * An application that follows streams by `GET /v1/sse` with what browsers have built in, and believes what it is given: it looks at no `prev`
 * and asks nothing twice. What it gets must be right by itself, so its judges are those of every other reader.
 */
import type { Requester } from "@holdfast/client";
import { decodeServerFrame, type EntryFrame, fromBase64, rawData, type ServerFrame } from "@holdfast/protocol";
import { type AskedFrom, ReaderCheck } from "../checker/reader-check.ts";
import type { FollowerPlan } from "../plan.ts";
import type { SimProcess } from "../sim-process.ts";
import { SimEventSource } from "./event-source.ts";
import type { Ground } from "./sim-reader.ts";

/** Silence beyond the beats after which the application opens it anew: `EventSource` itself never doubts. */
const doubtMs = 4_000;
const lookMs = 500;
/** Before a welcome has told how often there is a beat. */
const heartbeatMsDefault = 12_000;

const fromOf = (after: string): AskedFrom => (after === "first" || after === "now" ? after : { last: Number(after.slice("last:".length)) });

export class SimFollower {
  readonly name: string;
  readonly plan: FollowerPlan;
  readonly #ground: Ground;
  readonly #checks = new Map<string, ReaderCheck>();
  /** Stored with what was read, so it survives the process. */
  #lastEventId = "";
  #source: SimEventSource | null = null;
  #heartbeatMs = heartbeatMsDefault;
  #heardMs = 0;
  #parts: Uint8Array[] = [];
  /** The server has said that there is nothing more to come. */
  isOver = false;

  constructor(name: string, plan: FollowerPlan, ground: Ground) {
    this.name = name;
    this.plan = plan;
    this.#ground = ground;
  }

  get checks(): ReadonlyMap<string, ReaderCheck> {
    return this.#checks;
  }

  /** Begins, or goes on in another process. */
  start(process: SimProcess, requester: Requester): void {
    if (this.isOver) return;
    this.#open(process, requester);
    const source = this.#source;
    const look = (): void => {
      if (this.#source !== source || this.isOver) return;
      if (process.monoMs - this.#heardMs <= this.#heartbeatMs * 1.1 + doubtMs) return void process.env.clock.after(lookMs, look);
      this.stop();
      this.start(process, requester);
    };
    look();
  }

  stop(): void {
    this.#source?.close();
    this.#source = null;
  }

  #open(process: SimProcess, requester: Requester): void {
    const { watch, violations, nowMs, trace } = this.#ground;
    this.#heardMs = process.monoMs;
    const query = new URLSearchParams();
    for (const [i, stream] of this.plan.streams.entries()) {
      const after = this.plan.after[i] as string;
      query.append("stream", stream);
      query.append("after", after);
      if (this.#checks.has(stream)) continue;
      const when = { nowMs: nowMs(), hasSibling: false };
      this.#checks.set(stream, new ReaderCheck(`${this.name} of ${stream}`, watch.log(stream), fromOf(after), when, violations));
    }
    if (this.#lastEventId !== "") {
      query.append("lastEventId", this.#lastEventId);
      this.#ground.points.hit("event source opened anew");
    }
    trace.note(nowMs(), "follow", `${this.name} ${this.#lastEventId}`);
    const source = new SimEventSource(process, requester, `http://sim/v1/sse?${query}`, {
      heard: () => {
        this.#heardMs = process.monoMs;
      },
      event: (type, data) => {
        this.#lastEventId = source.lastEventId;
        for (const line of data.split("\n")) this.#take(type, line);
      },
      gaveUp: (status) => this.#gaveUp(status),
    });
    this.#source = source;
  }

  #gaveUp(status: number): void {
    this.isOver = true;
    const left = [...this.#checks.values()].filter(({ ended }) => !ended);
    if (status === 204 && left.length === 0) this.#ground.points.hit("event source rests");
    else this.#ground.violations.add("liveness", `${this.name}: told by ${status} never to come back, with ${left.length} streams that have not ended`);
  }

  #take(type: string, text: string): void {
    const frame = decodeServerFrame(text);
    if (frame === "fault") return this.#ground.violations.add("changed", `${this.name}: was sent what is no message: ${text.slice(0, 200)}`);
    if (frame === null) return; // `bye`: what comes next is the business of EventSource.
    const isEntry = frame.type === "entry" || frame.type === "part";
    if (type !== (isEntry ? "message" : frame.type)) this.#ground.violations.add("changed", `${this.name}: a ${frame.type} came as ${type}`);
    if (frame.type === "welcome") this.#heartbeatMs = frame.heartbeatMs;
    else if (frame.type === "beat") this.#audit(frame.streams ?? {});
    else if (frame.type === "part") this.#parts.push(fromBase64(frame.base64) ?? new Uint8Array(0));
    else if ("stream" in frame) this.#judge(frame, this.#checks.get(frame.stream));
  }

  #judge(frame: Extract<ServerFrame, { readonly stream: string }>, check: ReaderCheck | undefined): void {
    const { trace, nowMs, points, violations } = this.#ground;
    if (check === undefined) return violations.add("phantom", `${this.name}: was told of ${frame.stream}, which it does not follow`);
    trace.note(nowMs(), "followed", `${this.name} ${frame.type} ${frame.stream} ${"position" in frame ? frame.position : ""}`);
    switch (frame.type) {
      case "subscribed":
        if (check.resumeFrom !== null && check.resumeFrom !== frame.position)
          violations.add("wrong-start", `${check.name}: goes on at ${frame.position}, it is at ${check.place}`);
        return check.began(frame.position);
      case "entry":
        points.hit("followed by EventSource");
        return check.deliver(frame.position, this.#tokenOf(frame));
      case "gap":
        points.hit("gap told to EventSource");
        return check.gap(frame);
      case "closed":
        if (check.ended) violations.add("wrong-end", `${check.name}: was told twice that the stream has ended`);
        return check.end();
      default:
    }
  }

  #tokenOf(frame: EntryFrame): string {
    const parts = this.#parts.splice(0);
    if (frame.parts !== parts.length) return `? ${parts.length} parts of ${frame.parts}`;
    const inside = frame.format === "json" ? Buffer.from(rawData(frame.text)) : (fromBase64(frame.base64 ?? "") ?? new Uint8Array(0));
    return this.#ground.payloads.identify(frame.format, frame.parts > 0 ? Buffer.concat(parts) : inside);
  }

  /** A beat says where the server stands on this connection, which is where everything that was sent leads to. */
  #audit(streams: Readonly<Record<string, { readonly sent: string }>>): void {
    for (const [stream, { sent }] of Object.entries(streams)) {
      const check = this.#checks.get(stream);
      if (check !== undefined && !check.ended && check.place !== sent)
        this.#ground.violations.add("lost", `${check.name}: the server has sent everything up to ${sent}, ${check.place} is what came`);
    }
  }
}
