/**
 * An application inside the server's process that appends past all links, and repeats with the same dedupe key until it has an answer.
 */
import { formatPosition } from "@holdfast/protocol";
import type { PublishCheck } from "../checker/publish-check.ts";
import type { PublisherPlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import type { ServerNode } from "./server-node.ts";
import type { Ground } from "./sim-reader.ts";

export interface DirectParts {
  readonly plan: PublisherPlan;
  readonly scheduler: Scheduler;
  readonly server: ServerNode;
  readonly ground: Ground;
  readonly publishes: PublishCheck;
  readonly random: Random;
}

const retryMs = 300;

export class DirectPublisher {
  readonly #parts: DirectParts;
  #made = 0;
  #stopped = false;

  constructor(parts: DirectParts) {
    this.#parts = parts;
  }

  stop(): void {
    this.#stopped = true;
  }

  run(): void {
    const { plan, random, scheduler } = this.#parts;
    scheduler.after(random.wait(plan.everyMs), () => {
      if (this.#stopped || this.#made >= plan.total) return;
      this.#publish();
      this.run();
    });
  }

  #publish(): void {
    const { plan, ground, publishes } = this.#parts;
    const token = `direct.${++this.#made}`;
    const payload = ground.payloads.make(token, plan.profile);
    const published = publishes.begin({ token, stream: plan.stream, lane: token, index: 0, owner: "" });
    let answered = false;
    const attempt = (): void => {
      const { process, hub } = this.#parts.server;
      // An answer that dies with the process is asked for again in the next one.
      this.#parts.scheduler.after(retryMs, () => {
        if (!answered) attempt();
      });
      if (process === null || hub === null || process.frozen) return;
      const appended = hub.append({ stream: plan.stream, entries: [{ format: payload.format, payload: payload.bytes }], dedupeKey: token });
      void appended.then((result) => {
        if (answered || !process.alive) return;
        ground.look();
        const cursor = result.ok ? (result.cursors?.at(-1) ?? null) : null;
        if (result.ok) publishes.acknowledged(published, cursor === null ? null : formatPosition(cursor.epoch, cursor.seq));
        else if (result.code === "stream_closed") publishes.refused(published, result.code, ground.watch.log(plan.stream));
        else return;
        answered = true;
      });
    };
    attempt();
  }
}
