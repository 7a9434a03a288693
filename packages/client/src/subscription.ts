/**
 * The shell around one stream's subscription: feeds the machine with messages, sends what it asks for, and hands entries to the readers.
 * It must never give a reader anything that the machine did not address to it.
 */
import {
  type ClosedFrame,
  type EntryFrame,
  type EntryPartFrame,
  type Env,
  type GapFrame,
  HoldfastError,
  randomFraction,
  type ServerFrame,
  type StreamBeat,
  type Timer,
} from "@holdfast/protocol";
import type { ClientCounters } from "./counters.ts";
import { StreamEntry } from "./entry.ts";
import type { Link } from "./link.ts";
import type { Reader } from "./stream.ts";
import {
  isAtHead,
  isSettled,
  newSubscription,
  restingUntil,
  type SubscriptionAction,
  type SubscriptionEvent,
  type SubscriptionState,
  step,
  takesFrom,
} from "./subscription-state.ts";

type Payload = { readonly entry: StreamEntry } | { readonly gap: GapFrame } | null;

/** Whoever holds the subscriptions. */
export interface SubscriptionHooks {
  readonly env: Env;
  readonly counters: ClientCounters;
  /** The link brought what cannot be: it is to be left. */
  fault(link: Link): void;
  /** A reader is over (ended or failed), or its place relative to the head changed. */
  changed(subscription: Subscription): void;
}

export class Subscription {
  readonly stream: string;
  readonly #hooks: SubscriptionHooks;
  readonly #readers = new Map<number, Reader>();
  readonly #events: { readonly event: SubscriptionEvent; readonly payload: Payload }[] = [];
  #state: SubscriptionState = newSubscription;
  #isStepping = false;
  #link: Link | null = null;
  #timer: Timer | null = null;

  constructor(stream: string, hooks: SubscriptionHooks) {
    this.stream = stream;
    this.#hooks = hooks;
  }

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }
  /** Whether the live link carries it already, so that a retiring one may go. */
  get isSettled(): boolean {
    return isSettled(this.#state);
  }

  /** Whether the reader has everything that the server is known to have. */
  isCurrent(id: number): boolean {
    const member = this.#state.members.find((each) => each.id === id);
    return member !== undefined && !member.full && member.cursor === this.#state.cursor && isAtHead(this.#state);
  }

  join(id: number, reader: Reader, from: Extract<SubscriptionEvent, { type: "joined" }>["from"]): void {
    this.#readers.set(id, reader);
    this.dispatch({ type: "joined", id, from });
  }

  leave(id: number): void {
    if (this.#readers.delete(id)) this.dispatch({ type: "left", id });
  }

  linkUp(link: Link): void {
    this.#link = link;
    this.dispatch({ type: "link-up", link: link.no });
  }

  linkDown(link: Link): void {
    this.dispatch({ type: "link-down", link: link.no });
    if (this.#link === link) this.#link = null;
  }

  beat(link: Link, { sent, head }: StreamBeat): void {
    this.dispatch({ type: "beat", link: link.no, sent, head });
  }

  frame(link: Link, frame: ServerFrame): void {
    switch (frame.type) {
      case "part":
        this.#part(link, frame);
        return;
      case "entry":
        this.#onEntry(link, frame);
        return;
      case "gap":
        this.dispatch({ ...frame, link: link.no }, { gap: frame });
        return;
      case "closed":
        this.dispatch(ended(link, frame));
        return;
      case "subscribed":
        link.answered(frame.id, this.stream);
        this.dispatch({ type: "subscribed", link: link.no, id: frame.id, position: frame.position, head: frame.head });
        return;
      case "unsubscribed":
        if (frame.id !== undefined) link.answered(frame.id, this.stream);
        this.dispatch({ type: "unsubscribed", link: link.no, id: frame.id, code: frame.code });
        return;
      default:
        return;
    }
  }

  #part(link: Link, frame: EntryPartFrame): void {
    if (!takesFrom(this.#state, link.no)) this.#hooks.counters.late++;
    else if (!link.addPart(frame)) this.#hooks.fault(link);
  }

  #onEntry(link: Link, frame: EntryFrame): void {
    if (!takesFrom(this.#state, link.no)) {
      this.#hooks.counters.late++;
      return;
    }
    const payload = link.assembly.take(frame);
    if (payload === false) this.#hooks.fault(link);
    else this.dispatch({ type: "entry", link: link.no, position: frame.position, prev: frame.prev }, { entry: new StreamEntry(frame, payload) });
  }

  dispatch(event: SubscriptionEvent, payload: Payload = null): void {
    this.#events.push({ event, payload });
    if (this.#isStepping) return;
    this.#isStepping = true;
    const { clock, rng } = this.#hooks.env;
    const before = this.#state;
    let hasGap = false;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const facts = { nextId: this.#link?.nextId ?? 0, random: randomFraction(rng) };
      const { state, actions } = step(this.#state, next.event, clock.monoMs(), facts);
      this.#state = state;
      for (const action of actions) this.#perform(action, next.payload);
      if (next.event.type === "subscribed" || next.event.type === "joined") this.#begin();
      hasGap ||= next.event.type === "gap";
    }
    this.#isStepping = false;
    // Parts that came so far belong to a cursor that is not meant any more; they must not stand in the way of other streams' parts.
    if (this.#link !== null && !takesFrom(this.#state, this.#link.no)) this.#link.assembly.forget(this.stream);
    if (restingUntil(this.#state) !== restingUntil(before)) this.#arm();
    const isSame =
      this.#state.phase === before.phase &&
      isSettled(this.#state) === isSettled(before) &&
      isAtHead(this.#state) === isAtHead(before) &&
      this.#state.members.length === before.members.length;
    if (!isSame || hasGap) this.#hooks.changed(this);
  }

  /** Tells readers where they begin, once the server has said so. */
  #begin(): void {
    for (const { id, cursor } of this.#state.members) if (cursor !== null) this.#readers.get(id)?.begin(cursor);
  }

  #perform(action: SubscriptionAction, payload: Payload): void {
    switch (action.do) {
      case "ask":
        if (this.#link === null) return;
        this.#link.requested(action.id, this.stream);
        this.#link.sendFrame({ type: "subscribe", id: action.id, stream: this.stream, from: action.from });
        return;
      case "unsubscribe":
        this.#link?.unasked(this.stream);
        this.#link?.sendFrame({ type: "unsubscribe", stream: this.stream });
        return;
      case "fault":
        if (this.#link !== null) this.#hooks.fault(this.#link);
        return;
      case "count":
        this.#hooks.counters[action.what]++;
        return;
      case "deliver":
        if (payload !== null && "gap" in payload && action.to.length > 0) this.#hooks.counters.gaps++;
        for (const id of action.to) if (payload !== null) this.#readers.get(id)?.push(payload);
        return;
      case "end":
        for (const id of action.to) this.#take(id)?.finish({ kind: "ended" });
        return;
      case "fail":
        for (const id of action.to) {
          this.#take(id)?.finish({ kind: "failed", error: new HoldfastError(action.code, undefined, { stream: this.stream }) });
        }
        return;
      default:
        action satisfies never;
        return;
    }
  }

  #take(id: number): Reader | undefined {
    const reader = this.#readers.get(id);
    this.#readers.delete(id);
    return reader;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const untilMs = restingUntil(this.#state);
    if (untilMs === null) return;
    const { clock } = this.#hooks.env;
    this.#timer = clock.after(Math.max(0, untilMs - clock.monoMs()), () => {
      this.#timer = null;
      this.dispatch({ type: "timer" });
      if (this.#timer === null) this.#arm(); // A timer that fired early.
    });
  }
}

const ended = (link: Link, { position }: ClosedFrame): SubscriptionEvent => ({ type: "ended", link: link.no, position });
