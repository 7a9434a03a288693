/**
 * The shell around the connection's machine: it performs what the machine says, over transports and the clock it was given, and ties
 * one timer to the machine's state. It must never decide by itself what the machine decides.
 */
import {
  type Code,
  decodeServerFrame,
  type Env,
  HoldfastError,
  protocolVersion,
  randomFraction,
  type ServerFrame,
  subprotocol,
  type Timer,
  type WelcomeFrame,
} from "@holdfast/protocol";
import { type ConnectionAction, type ConnectionEvent, type ConnectionFacts, type ConnectionState, deadlineOf, step } from "./connection-state.ts";
import type { ClientCounters } from "./counters.ts";
import { closeReason, type Ending, localEnding, remoteEnding } from "./endings.ts";
import { Link } from "./link.ts";
import type { ResolvedOptions } from "./options.ts";
import type { ConnHandlers, Transport } from "./transport.ts";

/** Who uses the connection. */
export interface ConnectionHooks {
  /** Everything goes over this link from now on. An earlier one may still bring messages. */
  linkUp(link: Link): void;
  /** The link is over. */
  linkDown(link: Link): void;
  /** A message about streams or publishes. */
  frame(link: Link, frame: ServerFrame): void;
  /** Whether there is anything to carry. */
  wanted(): boolean;
  changed(): void;
}

/** Least time between two wakes that are obeyed: ten a second would be ten probes, more than a server bears. */
const wakePauseMs = 1_500;

/** A change of the wall clock against the other that is more than drift: the machine slept, or somebody set it. */
const clockJumpMs = 2_000;
const closeCodes: Partial<Record<Code, number>> = { closed_by_user: 1000, protocol_error: 4500, heartbeat_lost: 4003 };

export class Connection {
  readonly #env: Env;
  readonly #url: string;
  readonly #transport: Transport;
  readonly #options: ResolvedOptions;
  readonly #counters: ClientCounters;
  readonly #hooks: ConnectionHooks;
  readonly #links = new Map<number, Link>();
  readonly #events: ConnectionEvent[] = [];
  #state: ConnectionState = { name: "idle" };
  #isStepping = false;
  #timer: Timer | null = null;
  #wokenMonoMs = -Infinity;
  #wokenWallMs = -Infinity;
  #timerAtMs = Infinity;
  #clockOffsetMs: number;
  #conns = 0;
  #pings = 0;

  constructor(env: Env, url: string, transport: Transport, options: ResolvedOptions, counters: ClientCounters, hooks: ConnectionHooks) {
    this.#env = env;
    this.#url = url;
    this.#transport = transport;
    this.#options = options;
    this.#counters = counters;
    this.#hooks = hooks;
    this.#clockOffsetMs = env.clock.wallMs() - env.clock.monoMs();
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get transportName(): string {
    return this.#transport.name;
  }

  /** When bytes last came over the live link, by `monoMs`; null without one. */
  get heardMs(): number | null {
    return this.#liveLink()?.heardMs ?? null;
  }

  /** `hooks.wanted()` may have changed. */
  demand(): void {
    this.#dispatch({ type: "demand" });
  }

  /** Nothing depends on the retiring link any more. */
  caughtUp(): void {
    this.#dispatch({ type: "caught-up" });
  }

  /** The link brought what cannot be: what else was lost is unknown, so its streams are resumed on another. */
  fault(link: Link): void {
    if (link.isOver) return;
    this.#counters.faults++;
    link.conn?.close(closeCodes.protocol_error as number, closeReason("protocol_error"));
    this.#ended(link, localEnding("protocol_error", "the server sent what the protocol does not allow", "remote", "backoff"));
  }

  /** Wakes in quick succession count once: each is a probe, and a server bears only so many. A machine that slept in between shows by its wall clock. */
  wake(): void {
    const { clock } = this.#env;
    const sinceMs = Math.max(clock.monoMs() - this.#wokenMonoMs, Math.abs(clock.wallMs() - this.#wokenWallMs));
    if (sinceMs < wakePauseMs) return;
    this.#wokenMonoMs = clock.monoMs();
    this.#wokenWallMs = clock.wallMs();
    this.#dispatch({ type: "wake" });
  }

  close(): void {
    this.#dispatch({ type: "close" });
  }

  #liveLink(): Link | undefined {
    return "link" in this.#state ? this.#links.get(this.#state.link.conn) : undefined;
  }

  #facts(): ConnectionFacts {
    const link = this.#liveLink();
    return {
      options: this.#options,
      random: randomFraction(this.#env.rng),
      nextConn: this.#conns + 1,
      wanted: this.#hooks.wanted(),
      heardMs: link?.heardMs ?? 0,
      sentMs: link?.sentMs ?? 0,
      movedMs: link?.watchQueue() ?? -Infinity,
      unansweredSinceMs: link?.unansweredSinceMs ?? null,
    };
  }

  /** Steps once for this event and for those that its actions bring about, one after the other. */
  #dispatch(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    const before = this.#state;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { state, actions } = step(this.#state, next, this.#env.clock.monoMs(), this.#facts());
      this.#state = state;
      for (const action of actions) this.#perform(action);
    }
    this.#isStepping = false;
    this.#arm();
    if (this.#state !== before) this.#hooks.changed();
  }

  #perform(action: ConnectionAction): void {
    if (action.do === "dial") {
      this.#dial(action.conn);
      return;
    }
    const link = this.#links.get(action.conn);
    if (link === undefined) return;
    switch (action.do) {
      case "hello": {
        const replaces = action.replaces === null ? {} : { replaces: action.replaces };
        link.sendFrame({ type: "hello", protocol: protocolVersion, client: this.#options.name, ...replaces });
        return;
      }
      case "adopt":
        this.#counters.links++;
        link.isUp = true;
        this.#hooks.linkUp(link);
        return;
      case "ping":
        this.#counters.probes++;
        link.sendFrame({ type: "ping", id: ++this.#pings });
        return;
      case "beat":
        link.sendFrame({ type: "beat" });
        return;
      case "close":
      case "destroy":
        if (action.code === "heartbeat_lost") this.#counters.lost++;
        this.#over(link);
        if (action.do === "destroy") {
          link.conn?.destroy();
          return;
        }
        link.conn?.close(closeCodes[action.code] ?? 1000, closeReason(action.code));
        return;
      default:
        action satisfies never;
        return;
    }
  }

  /** The link ended, not by an action of the machine. Its users hear of it after the machine, so that none of them believes it live. */
  #ended(link: Link, ending: Ending): void {
    link.isOver = true;
    this.#dispatch({ type: "ended", conn: link.no, ending });
    this.#over(link);
  }

  /** Nothing that the link reports counts from now on. */
  #over(link: Link): void {
    link.isOver = true;
    this.#links.delete(link.no);
    if (link.isUp) this.#hooks.linkDown(link);
  }

  #dial(no: number): void {
    this.#conns = no;
    this.#counters.dials++;
    const link = new Link(no, this.#env.clock, () => {
      if (!this.#isStepping) this.#arm();
    });
    this.#links.set(no, link);
    const end = (ending: Ending): void => {
      if (!link.isOver) this.#ended(link, ending);
    };
    const handlers: ConnHandlers = {
      onOpen: () => {
        link.heard();
        if (!link.isOver) this.#dispatch({ type: "opened", conn: no });
      },
      onText: (text) => {
        if (!link.isOver) this.#onText(link, text);
      },
      onActivity: () => {
        if (!link.isOver) this.#heard(link);
      },
      onClose: ({ closeCode, reason }) => end(remoteEnding(closeCode, reason)),
      onError: (code, message) => end(localEnding(code, message, "failed")),
    };
    try {
      link.conn = this.#transport.dial({ url: this.#url, subprotocol }, handlers);
    } catch (error) {
      // A platform may refuse an address outright, as pages over https refuse ws.
      end(localEnding("connect_failed", String(error), "failed"));
    }
  }

  #heard(link: Link): void {
    link.heard();
    if (this.#state.name === "probing") this.#dispatch({ type: "heard", conn: link.no });
  }

  #onText(link: Link, text: string): void {
    this.#heard(link);
    const frame = decodeServerFrame(text);
    if (frame === null) {
      this.#counters.unknown++;
      return;
    }
    if (frame === "fault") {
      this.fault(link);
      return;
    }
    switch (frame.type) {
      case "welcome":
        this.#welcomed(link, frame);
        return;
      case "ping":
        link.sendFrame({ type: "pong", id: frame.id });
        return;
      case "pong":
        link.pongMs = link.heardMs;
        this.#answered(link);
        return;
      case "goaway":
        this.#dispatch({ type: "goaway", conn: link.no, afterMs: frame.afterMs });
        return;
      case "beat":
        if (frame.reconnect !== undefined) this.#dispatch({ type: "advised", conn: link.no, windowMs: frame.reconnect.windowMs });
        break;
      case "error":
        this.#counters.errors++;
        break;
      case "published":
      case "refused":
      case "subscribed":
        this.#answered(link);
        break;
      default:
        break;
    }
    if (link.isUp) this.#hooks.frame(link, frame);
  }

  #answered(link: Link): void {
    if (this.#state.name === "probing") this.#dispatch({ type: "answered", conn: link.no });
  }

  #welcomed(link: Link, frame: WelcomeFrame): void {
    link.linkId = frame.link;
    link.entryBytesMax = frame.entryBytesMax;
    this.#dispatch({
      type: "welcomed",
      conn: link.no,
      linkId: frame.link,
      heartbeatMs: frame.heartbeatMs,
      windowMs: frame.reconnect.windowMs,
    });
  }

  #arm(): void {
    const atMs = deadlineOf(this.#state, this.#facts());
    if (atMs === this.#timerAtMs) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerAtMs = atMs ?? Infinity;
    if (atMs === null) return;
    const { clock } = this.#env;
    this.#timer = clock.after(Math.max(0, atMs - clock.monoMs()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timer = null;
    this.#timerAtMs = Infinity;
    const offsetMs = this.#env.clock.wallMs() - this.#env.clock.monoMs();
    const hasJumped = Math.abs(offsetMs - this.#clockOffsetMs) > clockJumpMs;
    this.#clockOffsetMs = offsetMs;
    if (hasJumped) this.#dispatch({ type: "wake" });
    this.#dispatch({ type: "timer" });
  }
}

/** The endpoint for an address. Throws TypeError when it is not one. */
export function endpointOf(address: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw new TypeError(`Expected \`url\` to be an address such as https://example.org, got ${JSON.stringify(address)}`);
  }
  const scheme = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[url.protocol];
  if (scheme === undefined || url.username !== "" || url.hash !== "" || url.search !== "") {
    throw new TypeError(`Expected \`url\` to have http, https, ws or wss and neither user, query nor fragment, got ${JSON.stringify(address)}`);
  }
  return `${scheme}//${url.host}${url.pathname.replace(/\/+$/, "")}/v1/link`;
}

/** The error that an ending stands for. */
export function endingError(ending: Ending): HoldfastError {
  return new HoldfastError(ending.code, ending.reason || undefined);
}
