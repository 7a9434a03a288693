/**
 * The hub of one node: links on one side, streams on the other, the fan-out between. It holds no session that must outlive a link.
 * It knows engines and transports by their contracts only.
 */
import { Admission } from "@holdfast/guard/admission";
import { type Code, type Env, HoldfastError, randomFraction, randomId, streamNameFault } from "@holdfast/protocol";
import { type Gate, openGate } from "../auth/gate.ts";
import { HookCaller, type Hooks } from "../auth/hooks.ts";
import type { Revocation } from "../auth/revocation.ts";
import { Lane } from "../auth/single-flight.ts";
import type { Carrier, CarrierEvents } from "../carrier.ts";
import type { AppendRequest, AppendResult, Engine, LiveEvent } from "../engine.ts";
import type { ServerOptions } from "../options.ts";
import { Appender } from "./appender.ts";
import { BeatWheel } from "./beats.ts";
import { Counters } from "./counters.ts";
import { FanOut } from "./fan-out.ts";
import type { HubContext } from "./hub-context.ts";
import { HubLink, type LinkOwner } from "./hub-link.ts";
import { anyEntry, type Entry, LinkAccess } from "./link-access.ts";
import { LiveStream } from "./live-stream.ts";
import { PageCache } from "./pages.ts";
import { payloadFault } from "./payload.ts";
import type { Reader, ReadStream } from "./reader.ts";
import { TailBudget } from "./tail.ts";

/** Streams without readers whose tails are kept warm, because readers come back. */
const idleStreamsMax = 1_000;
/** What a drain allows beyond twice the reconnect window. */
const drainGraceMs = 1_000;
/** How often links that have not said hello, and those that last for a time only, are looked at. */
const greetingCheckMs = 1_000;
const expiryCheckMs = 1_000;

export interface HubStats {
  readonly links: number;
  readonly linksByTransport: Readonly<Record<string, number>>;
  readonly subscriptions: number;
  readonly streams: number;
  readonly oldestLinkMs: number;
  readonly meanLinkMs: number;
  readonly tailBytes: number;
  readonly pageBytes: number;
}

/** Who decides what links may do, and who looks on. */
export interface HubGuard {
  readonly gate: Gate;
  readonly hooks: Hooks | null;
}

const unguarded: HubGuard = { gate: openGate, hooks: null };

export class Hub {
  readonly counters = new Counters();
  readonly node: string;
  readonly #env: Env;
  readonly #engine: Engine;
  readonly #options: ServerOptions;
  readonly #links = new Set<HubLink>();
  readonly #greeting = new Set<HubLink>();
  readonly #streams = new Map<string, ReadStream>();
  /** Streams without readers, the longest idle first. */
  readonly #idle = new Map<string, ReadStream>();
  readonly #appender: Appender;
  readonly #budget: TailBudget;
  readonly #pages: PageCache;
  readonly #beats: BeatWheel<HubLink>;
  readonly #context: HubContext;
  readonly #admission: Admission;
  /** Of all links, where nobody decides and nobody looks on. */
  readonly #openAccess: LinkAccess | null;
  /** Links that last for a time only. */
  readonly #expiring = new Set<HubLink>();
  readonly #owner: LinkOwner = {
    welcomed: (link) => {
      this.#greeting.delete(link);
      this.#beats.add(link);
      this.#watchExpiry(link);
    },
    renewed: (link) => this.#watchExpiry(link),
    forget: (link) => this.#forget(link),
  };
  /** Told whose a connection is (null: nobody's any more), by whoever counts them; false: there are too many of that subject. Set once, by the server. */
  countSubject: (connection: object, subject: string | null) => boolean = () => true;
  /** Resets a connection, by whoever holds its raw socket; false: nobody does. Set once, by the server. */
  resetConnection: (connection: object) => boolean = () => false;
  #checking = false;
  #checkingExpiry = false;
  #draining = false;
  #whenEmpty: (() => void) | null = null;

  constructor(engine: Engine, options: ServerOptions, env: Env, makeGuard: (node: string, counters: Counters) => HubGuard = () => unguarded) {
    this.node = randomId(env.rng, 8);
    this.#env = env;
    this.#engine = engine;
    this.#options = options;
    this.#admission = new Admission(options.admissionPerSecond, env.clock.monoMs());
    this.#appender = new Appender(engine, this.counters);
    this.#budget = new TailBudget(options.tailBytesMax, () => {
      this.counters.tailEvictions++;
    });
    this.#pages = new PageCache(engine, options.pageEntriesMax, options.pageCacheBytesMax, this.counters);
    this.#beats = new BeatWheel(env, options.heartbeatMs);
    const guard = makeGuard(this.node, this.counters);
    this.#context = this.#makeContext(new FanOut({ env, counters: this.counters, pages: this.#pages }), guard);
    this.#openAccess = guard.gate.isGuarded || guard.hooks !== null ? null : new LinkAccess(this.#context, anyEntry);
    engine.attach((event) => this.#take(event));
  }

  #makeContext(fanOut: FanOut, { gate, hooks }: HubGuard): HubContext {
    const { authorizeConcurrencyMax: concurrencyMax, authorizeQueueMax: queueMax, authorizeMs: deadlineMs } = this.#options;
    // Hooks are bounded like questions, and not counted among them: what they refuse is counted by its code.
    const counters = { authorizeAsked: 0, authorizeFailed: 0, authorizeLate: 0, authorizeCrowded: 0 };
    const lane = (): Lane => new Lane({ concurrencyMax, queueMax, deadlineMs }, { clock: this.#env.clock, rng: this.#env.rng, counters });
    return {
      node: this.node,
      env: this.#env,
      engine: this.#engine,
      options: this.#options,
      counters: this.counters,
      fanOut,
      gate,
      hooks: hooks === null ? null : new HookCaller(hooks, lane(), this.counters),
      stream: (name) => this.#stream(name),
      idle: (stream) => this.#rest(stream),
      append: (request) => this.#appender.append(request),
      reconnectWindowMs: () => this.reconnectWindowMs(),
    };
  }

  /** Whether links are sent away: each should come back by another connection, which may lead to another server. */
  get draining(): boolean {
    return this.#draining;
  }

  /**
   * Takes a new link, or refuses it with a code that the transport passes on. A brief one ends with the answers to what it asks, so that a
   * server which drains takes it: links over requests that have not moved yet publish by it. `entry` is what its request has shown.
   */
  accept(carrier: Carrier, isBrief = false, entry: Entry = anyEntry): CarrierEvents | { readonly refused: Code; readonly afterMs: number } {
    if (this.#draining && !isBrief) return this.#refuse("draining", 0);
    if (this.#links.size >= this.#options.linksMax) {
      return this.#refuse("too_many_links", Math.round(randomFraction(this.#env.rng) * this.reconnectWindowMs()));
    }
    if (carrier.lasting && !isBrief) {
      const admitted = this.#admission.ask(this.#env.clock.monoMs());
      if (!admitted.ok) return this.#refuse("overloaded", admitted.afterMs);
    }
    const access = this.#openAccess ?? new LinkAccess(this.#context, entry);
    const link = new HubLink(randomId(this.#env.rng, 16), carrier, this.#context, this.#owner, access);
    this.counters.linksAccepted++;
    this.#links.add(link);
    this.#greeting.add(link);
    this.#checkGreetings();
    return link;
  }

  #refuse(code: Code, afterMs: number): { readonly refused: Code; readonly afterMs: number } {
    this.counters.refuse(code);
    return { refused: code, afterMs };
  }

  /** Who decides what links and requests may do. */
  get gate(): Gate {
    return this.#context.gate;
  }
  /** Who looks on. */
  get hooks(): HookCaller | null {
    return this.#context.hooks;
  }

  /** Ends the links of a subject whose access was revoked, unless what they have shown is newer. Returns how many. */
  endRevoked({ subject }: Revocation): number {
    let ended = 0;
    for (const link of [...this.#links]) {
      if (link.access.subject !== subject || link.access.holds) continue;
      link.revoke();
      ended++;
    }
    return ended;
  }

  /** Appends from inside the process, checked like any other publish. Never rejects for what may go wrong in operation. */
  append(request: AppendRequest): Promise<AppendResult> {
    const nameFault = streamNameFault(request.stream);
    if (nameFault !== null) throw new HoldfastError("bad_stream_name", nameFault);
    for (const entry of request.entries) {
      const fault = payloadFault(entry.format, entry.payload, this.#options.entryBytesMax);
      if (fault !== null) throw new HoldfastError(fault.code, fault.message, { stream: request.stream });
    }
    return this.#appender.append(request);
  }

  /** Links over the admission rate, within 1 s and 60 s: how long lost clients should spread their return over. */
  reconnectWindowMs(): number {
    return Math.min(60_000, Math.max(1_000, Math.round((this.#links.size * 1_000) / this.#options.admissionPerSecond)));
  }

  /** Readers of a stream on this node. */
  readersOf(stream: string): number {
    return this.#streams.get(stream)?.readers.size ?? 0;
  }

  stats(): HubStats {
    const nowMs = this.#env.clock.monoMs();
    const linksByTransport: Record<string, number> = {};
    let subscriptions = 0;
    let ages = 0;
    let oldestLinkMs = 0;
    for (const link of this.#links) {
      const { transport } = link.carrier;
      linksByTransport[transport] = (linksByTransport[transport] ?? 0) + 1;
      subscriptions += link.subscriptions;
      ages += nowMs - link.openedMs;
      oldestLinkMs = Math.max(oldestLinkMs, nowMs - link.openedMs);
    }
    return {
      links: this.#links.size,
      linksByTransport,
      subscriptions,
      streams: this.#streams.size,
      oldestLinkMs,
      meanLinkMs: this.#links.size === 0 ? 0 : ages / this.#links.size,
      tailBytes: this.#budget.usedBytes,
      pageBytes: this.#pages.usedBytes,
    };
  }

  /** How long a drain that begins now takes at most. Few clients are not waited for as long as many: those who have nowhere to go would hold it up for nothing. */
  drainDeadlineMs(): number {
    return Math.min(this.#options.drainMs, 2 * this.reconnectWindowMs() + drainGraceMs);
  }

  /**
   * Lets every client move: `goaway` with a slot each, then, at the deadline, the close code of `draining`. Resolves when no link is left.
   */
  async drain(deadlineMs = this.drainDeadlineMs()): Promise<void> {
    this.#draining = true;
    const windowMs = Math.min(this.reconnectWindowMs(), deadlineMs / 2);
    const stepMs = windowMs / Math.max(1, this.#links.size);
    let slot = 0;
    for (const link of this.#links) {
      // Evenly spread: slots drawn freely bunch, and the other nodes would turn some of them away.
      const afterMs = Math.round((slot++ + randomFraction(this.#env.rng)) * stepMs);
      if (link.live) link.carrier.send({ type: "goaway", code: "draining", afterMs, deadlineMs });
      else link.close("draining", { windowMs });
    }
    const deadline = this.#env.clock.after(deadlineMs, () => {
      for (const link of [...this.#links]) link.close("draining", { windowMs });
    });
    if (this.#links.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    deadline.cancel();
  }

  /** Lets go of everything at once. The engine is not stopped: it was not started here. */
  stop(): void {
    this.#draining = true;
    this.#beats.stop();
    for (const link of [...this.#links]) link.carrier.destroy();
    for (const stream of this.#streams.values()) stream.release();
    this.#streams.clear();
    this.#idle.clear();
  }

  #take(event: LiveEvent): void {
    if (event.stream !== null) {
      this.#streams.get(event.stream)?.take(event);
      return;
    }
    for (const stream of this.#streams.values()) stream.take(event);
  }

  #stream(name: string): ReadStream {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const { env, counters } = this.#context;
      const { fanOut } = this.#context;
      stream = new LiveStream<Reader>(name, {
        env,
        engine: this.#engine,
        counters,
        budget: this.#budget,
        dirty: (changed) => fanOut.streamChanged(changed),
        rewritten: (rewritten, moved) => {
          this.#pages.forget(rewritten.name);
          for (const move of moved) move.reader.link.moved(move);
        },
      });
      this.#streams.set(name, stream);
    }
    this.#idle.delete(name);
    return stream;
  }

  #rest(stream: ReadStream): void {
    if (this.#streams.get(stream.name) !== stream) return;
    this.#idle.set(stream.name, stream);
    if (this.#idle.size <= idleStreamsMax) return;
    const [name, longest] = this.#idle.entries().next().value as [string, ReadStream];
    this.#idle.delete(name);
    this.#streams.delete(name);
    longest.release();
  }

  #forget(link: HubLink): void {
    this.#links.delete(link);
    this.#greeting.delete(link);
    this.#expiring.delete(link);
    this.#beats.remove(link);
    if (this.#links.size === 0) this.#whenEmpty?.();
  }

  /** One timer for all: a link that ends a second late has had a second of what it was allowed a moment ago. */
  #watchExpiry(link: HubLink): void {
    if (!link.access.expires) {
      this.#expiring.delete(link);
      return;
    }
    this.#expiring.add(link);
    if (this.#checkingExpiry) return;
    this.#checkingExpiry = true;
    const check = (): void => {
      for (const each of [...this.#expiring]) if (!each.access.holds) each.close("token_expired");
      this.#checkingExpiry = this.#expiring.size > 0;
      if (this.#checkingExpiry) this.#env.clock.after(expiryCheckMs, check);
    };
    this.#env.clock.after(expiryCheckMs, check);
  }

  /** Links that have not greeted take no part in beats, so their deadline is watched here. */
  #checkGreetings(): void {
    if (this.#checking) return;
    this.#checking = true;
    this.#env.clock.after(Math.min(greetingCheckMs, this.#options.handshakeMs), () => {
      this.#checking = false;
      for (const link of this.#greeting) link.check(0, 0);
      if (this.#greeting.size > 0) this.#checkGreetings();
    });
  }
}
