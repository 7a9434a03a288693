/**
 * The lifecycle of one accepted link, as a pure machine. The shell (hub-link.ts) tells it what happened and does what it says.
 *
 *   greeting --hello--> judging --admitted--> live --close, silence, too many bad messages, drain's deadline--> closing --gone--> gone
 *      |                   |                                                                                       ^
 *      +-- no hello in time, anything but hello; not admitted -----------------------------------------------------+
 */
import { type Code, limits, protocolVersion } from "@holdfast/protocol";

export type LinkState =
  | { readonly name: "greeting"; readonly deadlineMs: number }
  /** Somebody decides who that is. What the client says meanwhile waits. */
  | { readonly name: "judging"; readonly deadlineMs: number }
  | {
      readonly name: "live";
      /** Bad messages since `countedSinceMs`. */
      readonly bad: number;
      readonly badSinceMs: number;
      readonly pings: number;
      readonly pingsSinceMs: number;
    }
  | { readonly name: "closing"; readonly code: Code; readonly deadlineMs: number }
  | { readonly name: "gone" };

export type LinkEvent =
  | { readonly type: "hello"; readonly protocol: number }
  | { readonly type: "admitted" }
  | { readonly type: "bad" }
  | { readonly type: "ping" }
  /** Checked at every beat: for how long nothing came, and for how long bytes have waited for the peer. */
  | { readonly type: "check"; readonly silentMs: number; readonly stalledMs: number }
  | { readonly type: "close"; readonly code: Code }
  | { readonly type: "gone" };

export type LinkAction =
  | { readonly do: "judge" }
  | { readonly do: "welcome" }
  | { readonly do: "close"; readonly code: Code; readonly message: string }
  | { readonly do: "destroy" }
  | { readonly do: "forget" };

export interface LinkRules {
  readonly heartbeatMs: number;
  readonly handshakeMs: number;
  readonly stallMs: number;
}

/** The transport's own closing handshake is given this long before the connection is destroyed. */
export const closeHandshakeMs = 5_000;
const badWindowMs = 60_000;
const pingsMax = 10;
const pingWindowMs = 10_000;

interface Step {
  readonly state: LinkState;
  readonly actions: readonly LinkAction[];
}
const nothing: readonly LinkAction[] = [];

/** A new link waits for its hello. */
export function openLink(rules: LinkRules, nowMs: number): LinkState {
  return { name: "greeting", deadlineMs: nowMs + rules.handshakeMs };
}

/** The next state and what to do. Events that mean nothing in a state change nothing. */
export function stepLink(state: LinkState, event: LinkEvent, rules: LinkRules, nowMs: number): Step {
  if (state.name === "gone") return { state, actions: nothing };
  if (event.type === "gone") return { state: { name: "gone" }, actions: [{ do: "forget" }] };
  switch (state.name) {
    case "greeting":
      return greeting(state, event, rules, nowMs);
    case "judging":
      return judging(state, event, nowMs);
    case "live":
      return live(state, event, rules, nowMs);
    case "closing":
      return event.type === "check" && nowMs >= state.deadlineMs ? { state, actions: [{ do: "destroy" }] } : { state, actions: nothing };
    default:
      return state satisfies never;
  }
}

function closing(code: Code, message: string, nowMs: number): Step {
  return { state: { name: "closing", code, deadlineMs: nowMs + closeHandshakeMs }, actions: [{ do: "close", code, message }] };
}

function greeting(state: Extract<LinkState, { name: "greeting" }>, event: LinkEvent, rules: LinkRules, nowMs: number): Step {
  switch (event.type) {
    case "hello":
      if (event.protocol !== protocolVersion) return closing("protocol_unsupported", `expected protocol ${protocolVersion}`, nowMs);
      return { state: { name: "judging", deadlineMs: nowMs + rules.handshakeMs }, actions: [{ do: "judge" }] };
    case "check":
      return nowMs >= state.deadlineMs ? closing("handshake_timeout", "no hello in time", nowMs) : { state, actions: nothing };
    case "close":
      return closing(event.code, "", nowMs);
    case "bad":
    case "ping":
      return closing("bad_request", "expected `hello` first", nowMs);
    case "admitted":
    case "gone":
      return { state, actions: nothing };
    default:
      return event satisfies never;
  }
}

function judging(state: Extract<LinkState, { name: "judging" }>, event: LinkEvent, nowMs: number): Step {
  switch (event.type) {
    case "admitted":
      return { state: { name: "live", bad: 0, badSinceMs: nowMs, pings: 0, pingsSinceMs: nowMs }, actions: [{ do: "welcome" }] };
    case "check":
      return nowMs >= state.deadlineMs ? closing("overloaded", "not judged in time", nowMs) : { state, actions: nothing };
    case "close":
      return closing(event.code, "", nowMs);
    case "hello":
    case "bad":
    case "ping":
    case "gone":
      return { state, actions: nothing };
    default:
      return event satisfies never;
  }
}

function live(state: Extract<LinkState, { name: "live" }>, event: LinkEvent, rules: LinkRules, nowMs: number): Step {
  switch (event.type) {
    case "hello":
      return closing("bad_request", "a second `hello`", nowMs);
    case "bad": {
      const fresh = nowMs - state.badSinceMs > badWindowMs;
      const bad = fresh ? 1 : state.bad + 1;
      if (bad > limits.badMessagesMax.value) return closing("bad_request", "too many bad messages", nowMs);
      return { state: { ...state, bad, badSinceMs: fresh ? nowMs : state.badSinceMs }, actions: nothing };
    }
    case "ping": {
      const fresh = nowMs - state.pingsSinceMs > pingWindowMs;
      const pings = fresh ? 1 : state.pings + 1;
      if (pings > pingsMax) return closing("ping_flood", "more pings than a living peer needs", nowMs);
      return { state: { ...state, pings, pingsSinceMs: fresh ? nowMs : state.pingsSinceMs }, actions: nothing };
    }
    case "check":
      if (event.silentMs >= 2 * rules.heartbeatMs) {
        // The peer cannot answer a closing handshake: say why, for the case that only one direction is dead, and let go at once.
        const { state: next, actions } = closing("heartbeat_lost", "nothing received for two beats", nowMs);
        return { state: next, actions: [...actions, { do: "destroy" }] };
      }
      return event.stalledMs >= rules.stallMs ? closing("slow_consumer", "bytes waited too long", nowMs) : { state, actions: nothing };
    case "close":
      return closing(event.code, "", nowMs);
    case "admitted":
    case "gone":
      return { state, actions: nothing };
    default:
      return event satisfies never;
  }
}
