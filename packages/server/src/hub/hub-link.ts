/**
 * One accepted link: performs what its machine (link-state.ts) decides, and gives each of the client's messages to the part that answers it:
 * what the link reads is in link-subscriptions.ts, what it writes in link-publisher.ts, who it is in link-access.ts.
 * It holds neither cursors nor entries. Nothing a peer sends may throw out of here.
 */
import { type ClientFrame, type Code, type Decoded, type DecodeFault, decodeClientFrame, type HoldfastError } from "@holdfast/protocol";
import type { Carrier, CarrierEvents, CloseDetails } from "../carrier.ts";
import type { HubContext } from "./hub-context.ts";
import type { LinkAccess, LinkName } from "./link-access.ts";
import { advise, type BeatingLink, beat } from "./link-beat.ts";
import { type EarlyMessage, type GreetingLink, LinkGreeting } from "./link-greeting.ts";
import { LinkPublisher, type PublishingLink } from "./link-publisher.ts";
import { LinkRenewal, type RenewingLink } from "./link-renewal.ts";
import { type LinkAction, type LinkEvent, type LinkState, openLink, stepLink } from "./link-state.ts";
import { LinkSubscriptions, type SubscribingLink } from "./link-subscriptions.ts";

/** How long a client whose access was revoked may take to read why. */
const revokeGraceMs = 1_000;
const noDetails: CloseDetails = {};

/** Who keeps the links. */
export interface LinkOwner {
  /** The link has greeted: it takes part in beats. */
  welcomed(link: HubLink): void;
  /** It lasts for another time than before. */
  renewed(link: HubLink): void;
  /** The link is gone. */
  forget(link: HubLink): void;
}

export class HubLink implements CarrierEvents, BeatingLink, GreetingLink, PublishingLink, RenewingLink, SubscribingLink {
  readonly id: string;
  readonly carrier: Carrier;
  readonly access: LinkAccess;
  readonly openedMs: number;
  lastBytesMs: number;
  inputHeld = false;
  stalledSinceMs = -1;
  advisedWindowMs = 0;

  readonly #hub: HubContext;
  readonly #owner: LinkOwner;
  readonly #subscribed: LinkSubscriptions;
  #state: LinkState;
  /** Made by the first publish: most links only read. */
  #publisher: LinkPublisher | null = null;
  /** Made by the first renewal. */
  #renewal: LinkRenewal | null = null;
  /** From the hello to the welcome. */
  #greeting: LinkGreeting | null = null;
  /** Why this side ended it. */
  #endCode: Code | null = null;

  constructor(id: string, carrier: Carrier, hub: HubContext, owner: LinkOwner, access: LinkAccess) {
    const nowMs = Math.floor(hub.env.clock.monoMs()); // A fraction would be an object of its own, for each link.
    this.id = id;
    this.carrier = carrier;
    this.openedMs = nowMs;
    this.#hub = hub;
    this.#owner = owner;
    this.access = access;
    this.#subscribed = new LinkSubscriptions(this, hub);
    this.lastBytesMs = nowMs;
    this.#state = openLink(hub.options, nowMs);
  }

  get subscriptions(): number {
    return this.#subscribed.count;
  }
  get unanswered(): number {
    return this.#subscribed.starting + (this.#publisher?.unanswered ?? 0) + (this.#state.name === "judging" ? 1 : 0);
  }
  get name(): LinkName {
    return { id: this.id, transport: this.carrier.transport };
  }
  /** Whether the handshake is done and no close has begun. */
  get live(): boolean {
    return this.#state.name === "live";
  }

  get isGone(): boolean {
    return this.#state.name === "gone";
  }

  // ---- what the transport tells

  bytes(): void {
    this.lastBytesMs = Math.floor(this.#hub.env.clock.monoMs());
  }

  text(message: string): void {
    if (this.#state.name === "judging") {
      // The client need not wait for its welcome. What it says is not read any further, but what has been read is kept.
      this.#keep(message, message.length);
      return;
    }
    const decoded = decodeClientFrame(message);
    if (decoded.ok) this.#take(decoded.frame);
    else this.#refuse(decoded);
    this.holdInputWhenBusy();
  }

  frame(message: Decoded<ClientFrame>, bytes: number): void {
    if (this.#state.name === "judging") {
      this.#keep(message, bytes);
      return;
    }
    if (message.ok) this.#take(message.frame);
    else this.#refuse(message);
    this.holdInputWhenBusy();
  }

  #keep(message: EarlyMessage, size: number): void {
    if (this.#greeting?.keep(message, size) === false) this.close("bad_request", { message: "too much before `welcome`" });
  }

  ping(): boolean {
    this.#step({ type: "ping" });
    return this.live;
  }

  drained(): void {
    this.stalledSinceMs = -1;
    this.#hub.fanOut.linkReady(this.#subscribed);
    this.holdInputWhenBusy();
  }

  gone(_closeCode: number | null): void {
    this.#step({ type: "gone" });
  }

  // ---- what the hub tells

  /** Ends the link with a code; `details` travel in the closing handshake. */
  close(code: Code, details: CloseDetails = noDetails): void {
    this.#step({ type: "close", code }, details);
  }

  /** Ends the link so that what is queued for its client is not delivered. A client with nothing queued is told why. */
  revoke(): void {
    this.#hub.counters.revokedLinks++;
    const isQueued = this.carrier.queuedBytes > 0;
    this.close("unauthenticated", { message: "access was revoked" });
    const reset = (): void => {
      if (!this.isGone) this.carrier.destroy();
    };
    if (isQueued) reset();
    // The kernel may hold bytes for a peer that takes none: a reset throws those away as well.
    else this.#hub.env.clock.after(revokeGraceMs, reset);
  }

  check(silentMs: number, stalledMs: number): void {
    this.#step({ type: "check", silentMs, stalledMs });
  }

  /** Its turn on the wheel (beats.ts). */
  beat(): void {
    const nowMs = this.#hub.env.clock.monoMs();
    this.#publisher?.checkAge(nowMs);
    beat(this, this.#subscribed.readers, this.#hub, nowMs);
  }

  /** Answers flow only as fast as the peer takes them: while too many wait, nothing more is read from it. */
  holdInputWhenBusy(): void {
    const { options } = this.#hub;
    const busy =
      this.#greeting !== null ||
      this.carrier.queuedBytes > options.controlBytesMax ||
      (this.#publisher?.inFlight ?? 0) >= options.publishesInFlightMax ||
      this.#subscribed.starting > options.subscriptionsMax;
    if (busy === this.inputHeld) return;
    this.inputHeld = busy;
    if (!busy) this.bytes();
    this.carrier.holdInput(busy);
  }

  // ---- the client's messages

  #take(frame: ClientFrame): void {
    if (frame.type === "hello") {
      if (this.#state.name === "greeting") this.#greeting = new LinkGreeting(this, this.#hub, frame.token);
      this.#step({ type: "hello", protocol: frame.protocol });
      return;
    }
    if (this.#state.name !== "live") {
      this.#step({ type: "bad" });
      return;
    }
    switch (frame.type) {
      case "subscribe":
        this.#subscribed.subscribe(frame);
        return;
      case "auth":
        this.#renewal ??= new LinkRenewal(this, this.#hub, this.#subscribed);
        this.#renewal.take(frame.id, frame.token);
        return;
      case "unsubscribe":
        this.#subscribed.unsubscribe(frame.stream);
        return;
      case "part":
        this.#publishing().part(frame);
        return;
      case "publish":
        this.#publishing().publish(frame);
        return;
      case "ping":
        if (this.ping()) this.carrier.send({ type: "pong", id: frame.id });
        return;
      case "pong":
      case "beat":
        return; // Proof of life, which their bytes have been already.
      default:
        frame satisfies never;
    }
  }

  #refuse({ of, id, stream, code, message }: DecodeFault): void {
    if (this.live && of === "publish" && id !== undefined) this.#publishing().refuse(id, code, message);
    else if (this.live && of === "subscribe" && id !== undefined) this.#subscribed.refuse(id, stream, code, message);
    else this.bad(code, message);
  }

  /** Answers a message that cannot be read or done; it counts as a bad message. */
  bad(code: Code, message: string): void {
    this.#hub.counters.refuse(code);
    this.#step({ type: "bad" });
    if (this.live) this.carrier.send({ type: "error", code, message });
  }

  #publishing(): LinkPublisher {
    this.#publisher ??= new LinkPublisher(this, this.#hub);
    return this.#publisher;
  }

  // ---- what its parts tell

  admitted(): void {
    this.#step({ type: "admitted" });
    // Input is held until all of it has been taken: what a carrier holds came later.
    for (const message of this.#greeting?.messages ?? []) {
      if (typeof message === "string") this.text(message);
      else this.frame(message, 0);
    }
    this.#greeting = null;
    if (this.isGone) this.#left();
    this.holdInputWhenBusy();
  }

  refuseLink({ code, detail, afterMs }: HoldfastError): void {
    if (this.isGone || this.#state.name === "closing") return;
    this.#hub.counters.refuse(code);
    this.close(code, { message: detail, ...(afterMs === undefined ? {} : { afterMs }) });
  }

  renewed(): void {
    this.#hub.counters.renewals++;
    this.#owner.renewed(this);
  }

  #left(): void {
    const nowMs = this.#hub.env.clock.monoMs();
    this.access.gone(this.name, { code: this.#endCode, ageMs: nowMs - this.openedMs, silentMs: nowMs - this.lastBytesMs });
  }

  // ---- the machine's orders

  #step(event: LinkEvent, details = noDetails): void {
    const { state, actions } = stepLink(this.#state, event, this.#hub.options, this.#hub.env.clock.monoMs());
    this.#state = state;
    for (const action of actions) this.#do(action, details);
  }

  #do(action: LinkAction, details: CloseDetails): void {
    switch (action.do) {
      case "judge":
        this.#greeting?.judge();
        this.holdInputWhenBusy();
        return;
      case "welcome": {
        const { options } = this.#hub;
        this.carrier.send({
          type: "welcome",
          link: this.id,
          node: this.#hub.node,
          heartbeatMs: options.heartbeatMs,
          entryBytesMax: options.entryBytesMax,
          subscriptionsMax: options.subscriptionsMax,
          reconnect: advise(this, this.#hub),
          ...this.access.expiry(),
        });
        this.#owner.welcomed(this);
        return;
      }
      case "close":
        this.#endCode = action.code;
        this.#hub.counters.close(action.code);
        this.carrier.close(action.code, { ...details, ...(action.message === "" ? {} : { message: action.message }) });
        this.#dropAll();
        return;
      case "destroy":
        this.carrier.destroy();
        return;
      case "forget":
        this.#dropAll();
        this.#left();
        this.#owner.forget(this);
        return;
      default:
        action satisfies never;
    }
  }

  #dropAll(): void {
    this.#publisher?.abandon();
    this.#subscribed.clear();
    this.#greeting = null;
  }
}
