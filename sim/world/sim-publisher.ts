/**
 * An application that publishes in bursts through the client, and keeps the score of what it was told.
 */
import { type Client, HoldfastError } from "@holdfast/client";
import type { PublishCheck, Published } from "../checker/publish-check.ts";
import type { PublisherPlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { SimProcess } from "../sim-process.ts";
import type { Ground } from "./sim-reader.ts";

/** Codes that leave open whether the entry is in the log. */
const openCodes: ReadonlySet<string> = new Set(["aborted", "outbox_expired", "unknown_outcome", "closed_by_user"]);

export interface PublisherParts {
  readonly plan: PublisherPlan;
  readonly ground: Ground;
  readonly publishes: PublishCheck;
  /** Counts the publishes of one client, whoever makes them. */
  readonly next: () => number;
  readonly random: Random;
}

export class SimPublisher {
  readonly name: string;
  readonly #parts: PublisherParts;
  #made = 0;
  #stopped = false;

  constructor(name: string, parts: PublisherParts) {
    this.name = name;
    this.#parts = parts;
  }

  /** Publishes nothing more. */
  stop(): void {
    this.#stopped = true;
  }

  /** Goes on publishing through this client, in this process. `lane` names the process, which is its producer's life. */
  run(client: Client, process: SimProcess, lane: string): void {
    const { plan, random } = this.#parts;
    process.env.clock.after(random.wait(plan.everyMs), () => {
      if (this.#stopped || this.#made >= plan.total) return;
      for (let left = random.int(1, plan.burstMax); left > 0 && this.#made < plan.total; left--) this.publish(client, lane);
      this.run(client, process, lane);
    });
  }

  publish(client: Client, lane: string): void {
    const { plan, random, ground, publishes } = this.#parts;
    const token = `${this.name}.${++this.#made}`;
    const payload = ground.payloads.make(token, plan.profile);
    const isKeyed = random.chance(plan.dedupeChance);
    const published = publishes.begin({ token, stream: plan.stream, lane: isKeyed ? token : `${lane} ${plan.stream}`, index: this.#parts.next(), owner: lane });
    const controller = new AbortController();
    if (payload.bytes.length > 49_152) ground.points.hit("publish in parts");
    ground.trace.note(ground.nowMs(), "publish", token);
    const answer = client.publish(plan.stream, payload.data, {
      signal: controller.signal,
      ...(random.chance(0.2) ? { key: token } : {}),
      ...(isKeyed ? { dedupeKey: token } : {}),
    });
    if (random.chance(plan.abortChance)) controller.abort(new Error("the application has lost interest"));
    void this.#settle(answer, published);
  }

  /** Ends the stream, with a last entry or without. */
  end(client: Client, lane: string, stream: string, withEntry: boolean): void {
    const { ground, publishes } = this.#parts;
    ground.trace.note(ground.nowMs(), "end-stream", stream);
    if (!withEntry) {
      client.end(stream).catch(() => {}); // Whether it ended is seen by the readers.
      return;
    }
    const token = `${this.name}.${++this.#made}`;
    const published = publishes.begin({ token, stream, lane: token, index: 0, owner: lane });
    void this.#settle(client.publish(stream, ground.payloads.make(token, "tiny").data, { close: true }), published);
  }

  async #settle(answer: Promise<{ readonly position: string | null }>, published: Published): Promise<void> {
    const { ground, publishes } = this.#parts;
    const { trace, nowMs, points } = ground;
    try {
      const { position } = await answer;
      trace.note(nowMs(), "published", `${published.token} ${position}`);
      publishes.acknowledged(published, position);
    } catch (thrown) {
      const { code } = HoldfastError.from(thrown);
      trace.note(nowMs(), "refused", `${published.token} ${code}`);
      if (code === "outbox_full") points.hit("outbox full");
      if (code === "outbox_expired") points.hit("outbox expired");
      if (code === "stream_closed") points.hit("publish after the end");
      if (code === "entry_too_large") points.hit("refused for good");
      if (code === "fenced") points.hit("fenced");
      if (openCodes.has(code)) publishes.unknown(published);
      else publishes.refused(published, code, ground.watch.log(published.stream));
    }
  }
}
