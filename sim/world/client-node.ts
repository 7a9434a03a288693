/**
 * A client's machine: a process with the real client, applications that read and publish through it, and a path to the server.
 * When the process is killed, what survives is what the applications had stored.
 */
import { type Client, type ClientCounters, createClient, requestTransport } from "@holdfast/client";
import type { PublishCheck } from "../checker/publish-check.ts";
import type { Cut } from "../net/connection.ts";
import type { Network } from "../net/network.ts";
import { Path } from "../net/path.ts";
import { simGetter, simRequester } from "../net/sim-requester.ts";
import { type Dialer, type SimDial, simTransport } from "../net/sim-transport.ts";
import type { ClientPlan } from "../plan.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { SimProcess } from "../sim-process.ts";
import type { Seams } from "./seams.ts";
import { SimFollower } from "./sim-follower.ts";
import { SimPublisher } from "./sim-publisher.ts";
import { type Ground, SimReader } from "./sim-reader.ts";
import { WireWatch } from "./wire-watch.ts";

export interface ClientParts {
  readonly plan: ClientPlan;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly random: Random;
  readonly seams: Seams;
  readonly ground: Ground;
  readonly publishes: PublishCheck;
}

interface Running {
  readonly process: SimProcess;
  readonly client: Client;
  readonly lane: string;
}

/** A timer that is later than this is one that the client must not judge by. */
/** How much of a message is noted. */
const noteChars = 240;
const lateMs = 2_000;

export class ClientNode {
  readonly name: string;
  readonly plan: ClientPlan;
  readonly path: Path;
  readonly readers: readonly SimReader[];
  readonly follower: SimFollower | null;
  readonly #parts: ClientParts;
  readonly #publishers: readonly SimPublisher[];
  readonly #wire: WireWatch;
  readonly #conns = new Set<SimDial>();
  /** Those of the follower, which are no proof of life for the client. */
  readonly #followed = new Set<SimDial>();
  #running: Running | null = null;
  #heardMs = 0;
  #starts = 0;
  #isLeaving = false;
  #published = 0;
  #cutAtPart: { readonly bytes: number; readonly cut: Cut } | null = null;
  /** Processes whose place another one has taken. */
  readonly former: Running[] = [];
  /** Clients whose processes were killed. */
  readonly #ended: Client[] = [];
  /** When it may be held to its promises again: freezing and sleeping are no fault of its own. */
  judgedFromMs = 0;

  constructor(name: string, parts: ClientParts) {
    this.name = name;
    this.plan = parts.plan;
    this.#parts = parts;
    this.#wire = new WireWatch(parts.ground.points);
    this.path = new Path(parts.plan.path, parts.random.fork("path"));
    this.readers = parts.plan.readers.map((plan, i) => new SimReader(`${name}/r${i}`, plan, parts.ground));
    const { follower } = parts.plan;
    this.follower = follower === null || !parts.seams.hasFollowers ? null : new SimFollower(`${name}/es`, follower, parts.ground);
    this.#publishers = parts.plan.publishers.map(
      (plan, i) =>
        new SimPublisher(`${name}p${i}`, {
          plan,
          ground: parts.ground,
          publishes: parts.publishes,
          next: () => ++this.#published,
          random: parts.random.fork(`publisher ${i}`),
        }),
    );
  }

  get process(): SimProcess | null {
    return this.#running?.process ?? null;
  }
  get client(): Client | null {
    return this.#running?.client ?? null;
  }
  get starts(): number {
    return this.#starts;
  }
  /** Connections that nobody here has let go of, the newest last. */
  get conns(): readonly SimDial[] {
    this.#sweep();
    return [...this.#followed, ...this.#conns].sort((a, b) => (a.connection?.openedMs ?? Infinity) - (b.connection?.openedMs ?? Infinity));
  }
  /** When bytes last reached this machine. */
  get heardMs(): number {
    this.#sweep();
    return this.#heardMs;
  }

  #sweep(): void {
    for (const conn of this.#conns) {
      this.#heardMs = Math.max(this.#heardMs, conn.connection?.clientHeardMs ?? 0);
      if (conn.over) this.#conns.delete(conn);
    }
    for (const conn of this.#followed) if (conn.over) this.#followed.delete(conn);
  }

  start(): void {
    const { scheduler, random, seams, plan } = this.#parts;
    this.#starts++;
    const process = new SimProcess(`${this.name} ${this.#starts}`, scheduler, random.fork(`start ${this.#starts}`));
    const dialer = this.#dialer(process);
    const requester = simRequester(process, dialer);
    const requests = (["sse", "poll"] as const).map((name) => requestTransport(name, requester, process.env));
    const transports = [simTransport(process, dialer), ...requests].map((transport) => seams.transport(transport));
    const producer = plan.keepsProducer ? { producerId: this.name, producerEpoch: (this.#starts - 1) * 1_000 } : {};
    const client = createClient("http://sim", { ...plan.options, ...producer }, { env: process.env, transports });
    this.#running = { process, client, lane: `${this.name} ${this.#starts}` };
    this.judgedFromMs = scheduler.nowMs;
    const isFirst = this.#starts === 1;
    for (const reader of this.readers) {
      process.env.clock.after(isFirst ? reader.plan.startMs : 0, () => this.open(reader));
    }
    for (const publisher of this.#publishers) publisher.run(client, process, this.#running.lane);
    this.#follow(process, isFirst ? (plan.follower?.startMs ?? 0) : 0);
  }

  #follow(process: SimProcess, afterMs: number): void {
    const { network, ground } = this.#parts;
    const getter = simGetter(process, {
      dial: (kind, end, failed) => {
        this.#followed.add(end);
        return network.dial(kind, this.path, end, failed);
      },
      note: (_conn, direction, text) => ground.trace.note(ground.nowMs(), direction, `${process.name} es ${text.slice(0, noteChars)}`),
      broken: () => {},
    });
    process.env.clock.after(afterMs, () => process === this.process && !this.#isLeaving && this.follower?.start(process, getter));
  }

  #dialer(process: SimProcess): Dialer {
    const { network, ground } = this.#parts;
    return {
      dial: (kind, end, failed) => {
        this.#conns.add(end);
        ground.trace.note(ground.nowMs(), "dial", process.name);
        return network.dial(kind, this.path, end, failed);
      },
      note: (conn, direction, text) => {
        ground.trace.note(ground.nowMs(), direction, `${process.name} ${text.slice(0, noteChars)}`);
        this.#wire.note(conn, direction, text);
        if (direction === "receive" && text.startsWith('{"type":"part"')) this.#cutNow(conn);
      },
      broken: (conn, pendingBytes) => this.#wire.broken(conn, pendingBytes),
    };
  }

  /** Lets a reader read on, or begin, in the present process. */
  open(reader: SimReader): void {
    const running = this.#running;
    if (running === null) return;
    const hasSibling = this.readers.some((each) => each !== reader && each.isOpen && each.plan.stream === reader.plan.stream);
    reader.open(running.client, running.process, hasSibling);
  }

  /** Ends the process; the positions that its readers had stored are all that is left. */
  kill(how: "fin" | "reset" | "nothing"): void {
    const running = this.#running;
    if (running === null) return;
    for (const reader of this.readers) reader.lose();
    this.follower?.stop();
    running.process.kill();
    this.#parts.publishes.abandon(running.lane);
    this.#ended.push(running.client);
    for (const conn of this.conns) conn.connection?.vanish("client", how);
    this.#conns.clear();
    this.#followed.clear();
    this.#running = null;
  }

  /** Cuts the connection `bytes` after the next part that comes. */
  cutAtPart(bytes: number, cut: Cut): void {
    this.#cutAtPart = { bytes, cut };
  }

  #cutNow(conn: SimDial): void {
    const planned = this.#cutAtPart;
    this.#cutAtPart = null;
    if (planned !== null) conn.connection?.cutAfter("client", planned.bytes, planned.cut);
  }

  /** A second process takes over while the first one, frozen, believes that it is still the one. */
  takeOver(forMs: number): void {
    const running = this.#running;
    if (running === null) return;
    for (const reader of this.readers) reader.lose();
    this.follower?.stop();
    running.process.freeze(forMs);
    this.former.push(running);
    this.#conns.clear();
    this.#followed.clear();
    this.start();
  }

  /** The process does nothing for a while. */
  suspend(forMs: number, sleeps: boolean): void {
    const { process } = this;
    if (process === null || process.frozen) return;
    this.judgedFromMs = this.#parts.scheduler.nowMs + forMs + 100;
    if (sleeps) process.sleep(forMs);
    else process.freeze(forMs);
    if (forMs > lateMs) this.#parts.ground.points.hit(sleeps ? "machine slept" : "late timer");
  }

  endStream(stream: string, withEntry: boolean): void {
    const running = this.#running;
    const publisher = this.#publishers[0];
    if (running === null || publisher === undefined) return;
    running.process.enter(() => publisher.end(running.client, running.lane, stream, withEntry));
  }

  /** Readers take entries at once from now on; publishers stop, after one more entry when `withMarker`. */
  calm(withMarker: boolean): void {
    for (const reader of this.readers) reader.hurry();
    const running = this.#running;
    for (const publisher of this.#publishers) {
      publisher.stop();
      if (running !== null && withMarker) running.process.enter(() => publisher.publish(running.client, running.lane));
    }
  }

  /** The counters of all clients that this machine has had. */
  counters(): ClientCounters[] {
    const all = [...this.#ended, ...this.former.map(({ client }) => client), ...(this.#running === null ? [] : [this.#running.client])];
    return all.map((client) => client.counters);
  }

  /** Closes the client and those whose place it took. */
  async close(): Promise<void> {
    this.#isLeaving = true;
    const all = [...this.former, ...(this.#running === null ? [] : [this.#running])];
    this.follower?.stop();
    await Promise.all(all.filter(({ process }) => process.alive).map(({ client }) => client.close()));
  }
}
