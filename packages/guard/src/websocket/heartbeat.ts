/**
 * When a peer is asked whether it lives, and when it is given up, as a pure machine.
 *
 *   quiet --nothing heard for a beat--> asked --nothing heard for ackMs--> dead
 *     ^                                   |
 *     +--------- any byte ----------------+
 *
 * Any byte is proof of life. It must never take its own lateness for the peer's silence: a sweep that comes late, or a socket
 * that the host does not read, has not looked, so it asks and judges afterwards.
 */

export type HeartbeatState =
  | { readonly name: "quiet"; readonly heardMs: number; readonly beatMs: number }
  | { readonly name: "asked"; readonly askedMs: number; readonly deadlineMs: number }
  | { readonly name: "dead" };

export interface HeartbeatEvent {
  readonly type: "sweep";
  /** When bytes were last received, or the connection was opened. */
  readonly heardMs: number;
  /** Nothing was read of late, so that silence says nothing: the process stood still, or the host holds the socket back. */
  readonly isBlind: boolean;
  /** At random, in [0, 1): puts the next beat up to a tenth later, so that a fleet does not beat as one. */
  readonly fraction: number;
}

export type HeartbeatAction = "ping" | "zombie" | null;

export interface HeartbeatRules {
  readonly heartbeatMs: number;
  readonly ackMs: number;
}

/** Each interval is up to this much longer than the heartbeat. */
export const beatJitter = 0.1;

interface Step {
  readonly state: HeartbeatState;
  readonly action: HeartbeatAction;
}

/** The first beat comes at a random point of [h/2, h]. */
export function openHeartbeat(rules: HeartbeatRules, nowMs: number, fraction: number): HeartbeatState {
  return { name: "quiet", heardMs: nowMs, beatMs: nowMs + rules.heartbeatMs * (0.5 + fraction / 2) };
}

/** The next state and what to do. Nothing new is allocated while there is nothing to do. */
export function stepHeartbeat(state: HeartbeatState, event: HeartbeatEvent, rules: HeartbeatRules, nowMs: number): Step {
  switch (state.name) {
    case "quiet":
      if (nowMs < state.beatMs) return { state, action: null };
      // What came since the beat was set puts it off: the silence began after it.
      return event.heardMs > state.heardMs ? quiet(event, rules) : ask(rules, nowMs);
    case "asked": {
      if (event.heardMs > state.askedMs) return quiet(event, rules);
      if (event.isBlind) {
        // The path may need the beat even while nobody reads the answers.
        if (nowMs - state.askedMs >= rules.heartbeatMs) return ask(rules, nowMs);
        return { state: { name: "asked", askedMs: state.askedMs, deadlineMs: nowMs + rules.ackMs }, action: null };
      }
      return nowMs < state.deadlineMs ? { state, action: null } : { state: { name: "dead" }, action: "zombie" };
    }
    case "dead":
      return { state, action: null };
    default:
      return state satisfies never;
  }
}

function quiet({ heardMs, fraction }: HeartbeatEvent, rules: HeartbeatRules): Step {
  return { state: { name: "quiet", heardMs, beatMs: heardMs + rules.heartbeatMs * (1 + beatJitter * fraction) }, action: null };
}

function ask(rules: HeartbeatRules, nowMs: number): Step {
  return { state: { name: "asked", askedMs: nowMs, deadlineMs: nowMs + rules.ackMs }, action: "ping" };
}
