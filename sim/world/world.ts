/**
 * One run: a plan played on real clients, a real hub and real engines, in virtual time. First faults (safety), then none (liveness): every
 * reader must come to the end of its log and every publish to an answer; then everybody leaves, and nothing may be held.
 */
import { PublishCheck } from "../checker/publish-check.ts";
import { Violations } from "../checker/violations.ts";
import { Network } from "../net/network.ts";
import type { Plan } from "../plan.ts";
import { Points } from "../points.ts";
import { Random } from "../random.ts";
import { Scheduler } from "../scheduler.ts";
import type { Trace } from "../trace.ts";
import { ClientNode } from "./client-node.ts";
import { DirectPublisher } from "./direct-publisher.ts";
import { Payloads } from "./payloads.ts";
import type { Seams } from "./seams.ts";
import { ServerNode } from "./server-node.ts";
import type { Ground } from "./sim-reader.ts";
import { StoreWatch } from "./store-watch.ts";
import { Striker } from "./strike.ts";
import { tally } from "./tally.ts";
import { Watchdog } from "./watchdog.ts";

/** Readers and publishers must be done so long after the healing, in virtual time. */
const livenessMs = 600_000;
/** A client may still be asleep when everybody is to leave. */
const sleepMsMax = 40_000;
/** Events after which a run is taken to go in circles. */
const eventsMax = 400_000;

export class World {
  readonly scheduler = new Scheduler();
  readonly trace: Trace;
  readonly points = new Points();
  readonly violations: Violations;
  readonly #plan: Plan;
  readonly #server: ServerNode;
  readonly #clients: readonly ClientNode[];
  readonly #direct: DirectPublisher | null;
  readonly #striker: Striker;
  readonly #publishes: PublishCheck;
  readonly #watch: StoreWatch;
  readonly #watchdog: Watchdog;

  constructor(plan: Plan, seams: Seams, trace: Trace) {
    this.#plan = plan;
    this.trace = trace;
    const { scheduler } = this;
    const random = Random.ofSeed(plan.seed).fork("world");
    const nowMs = (): number => scheduler.nowMs;
    this.violations = new Violations(nowMs);
    const { violations, points } = this;
    const payloads = new Payloads();
    const publishes = new PublishCheck(violations);
    const watch = new StoreWatch({ payloads, publishes, violations, nowMs });
    const look = (): void => watch.look(this.#server.store);
    const ground: Ground = { payloads, watch, violations, points, trace, nowMs, look };
    const network = new Network(scheduler, random.fork("network"), {
      ungated: () => violations.add("unbounded-queue", "entries were delivered to a link that still held earlier ones"),
      held: () => points.hit("input held"),
    });
    const server = new ServerNode({
      plan,
      scheduler,
      network,
      random: random.fork("server"),
      seams,
      look,
      restored: (store) => watch.restored(store),
      watch: (store) => watch.watch(store),
    });
    this.#clients = plan.clients.map(
      (client, i) => new ClientNode(`c${i}`, { plan: client, scheduler, network, random: random.fork(`client ${i}`), seams, ground, publishes }),
    );
    this.#direct =
      plan.direct === null ? null : new DirectPublisher({ plan: plan.direct, scheduler, server, ground, publishes, random: random.fork("direct") });
    this.#publishes = publishes;
    this.#watch = watch;
    this.#server = server;
    this.#striker = new Striker({ scheduler, network, server, clients: this.#clients });
    this.#watchdog = new Watchdog({ network, server, clients: this.#clients, violations, points, nowMs, isPeace: plan.faults.length === 0 });
  }

  get committed(): number {
    return this.#watch.committed;
  }

  async run(): Promise<void> {
    const { scheduler } = this;
    void this.#server.boot();
    for (const client of this.#clients) client.start();
    this.#direct?.run();
    this.#striker.arm(this.#plan.faults);
    await scheduler.run(this.#plan.safetyMs, () => this.#look());
    this.#striker.calm();
    this.#direct?.stop();
    for (const client of this.#clients) client.calm(!this.#plan.isQuiet);
    await this.#converge();
    tally(this.points, this.#clients, this.#server);
    if (this.violations.count === 0) await this.#leave();
  }

  /** After every event: takes in what it has changed. True ends the run early. */
  #look(): boolean {
    const { violations, scheduler } = this;
    this.#watch.look(this.#server.store);
    for (const client of this.#clients) for (const reader of client.readers) reader.look();
    this.#watchdog.look();
    if (scheduler.events > eventsMax) violations.add("liveness", `${eventsMax} events and no end`);
    return violations.count > 0;
  }

  async #converge(): Promise<void> {
    const { scheduler, violations } = this;
    const untilMs = scheduler.nowMs + livenessMs;
    let nextMs = 0;
    await scheduler.run(untilMs, () => {
      if (this.#look()) return true;
      if (scheduler.nowMs < nextMs) return false;
      nextMs = scheduler.nowMs + 50;
      return this.#laggards().length === 0;
    });
    if (violations.count > 0) return;
    for (const what of this.#laggards()) violations.add("liveness", `${what}, ${livenessMs} ms after healing`);
  }

  /** Who is not where everybody should be in the end. */
  #laggards(): string[] {
    const late: string[] = [];
    if (!this.#server.isSteady) late.push("the server is not up");
    for (const node of this.#clients) {
      const { name, readers, client, follower } = node;
      const fault = this.#watchdog.transportFault(node);
      if (fault !== null) late.push(`${name} ${fault}`);
      for (const reader of readers) {
        const { check } = reader;
        const tip = this.#watch.log(reader.plan.stream);
        if (check === null) late.push(`${reader.name} was not opened`);
        else if (check.ended) continue;
        else if (tip.closed) late.push(`${reader.name} has not been told that ${reader.plan.stream} has ended`);
        else if (!check.isAtTip) late.push(`${reader.name} is at ${check.place}, ${reader.plan.stream} at ${tip.tip.position}`);
      }
      for (const [stream, check] of follower?.checks ?? []) {
        const { tip, closed } = this.#watch.log(stream);
        if (!check.ended && (closed || !check.isAtTip)) late.push(`${check.name} is at ${check.place}, the log at ${tip.position}${closed ? ", its end" : ""}`);
      }
      const state = client?.status.getSnapshot().state;
      if (state !== "live" && state !== "offline") late.push(`${name} says ${state}`);
      if (state === "offline" && readers.some(({ isOpen }) => isOpen)) late.push(`${name} is offline with open readers`);
    }
    for (const { outcome, token } of this.#publishes.all) if (outcome === "pending") late.push(`publish "${token}" has had no answer`);
    return late;
  }

  /** Everybody leaves; the server must let go of every link. */
  async #leave(): Promise<void> {
    const { scheduler, violations } = this;
    const { options } = this.#server;
    let closed = 0;
    for (const client of this.#clients) void client.close().then(() => closed++);
    const untilMs = scheduler.nowMs + 3 * options.heartbeatMs + options.handshakeMs + options.stallMs + sleepMsMax + 20_000;
    const isEmpty = (): boolean => closed === this.#clients.length && this.#server.hub?.stats().links === 0;
    await scheduler.run(untilMs, () => this.#look() || isEmpty());
    if (violations.count > 0 || isEmpty()) return;
    violations.add("leak", `${this.#clients.length - closed} clients not closed, ${this.#server.hub?.stats().links} links held`);
  }
}
