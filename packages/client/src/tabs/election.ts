/**
 * Who leads, as one tab sees it, as a pure machine. The lock decides: whoever holds it leads. A leader that is frozen holds on to it,
 * so a tab that needs the leader asks whether it is there, and takes the lock from one that does not answer.
 *
 *   off -> following <-> leading
 *
 * Silence alone proves nothing: a hidden leader's timers are held back for up to a minute, but messages wake it. So the followers ask, and
 * only questions without an answer count. One answer is heard by all, so it does not matter how many tabs there are.
 * It must never judge by one late timer: a tab that slept itself asks once more, and hears what waited, before it takes anything.
 */
export type Election =
  | { readonly name: "off" }
  /** `asked`: questions since the leader was last heard. `atMs`: when to ask next, or to judge; null while nothing here needs a leader. */
  | { readonly name: "following"; readonly leader: string | null; readonly asked: number; readonly atMs: number | null }
  | { readonly name: "leading"; readonly leader: string };

export type ElectionEvent =
  | { readonly type: "join" | "leave" | "timer" }
  /** The lock is this tab's; it leads under the name `leader`. */
  | { readonly type: "held"; readonly leader: string }
  /** The lock was taken from this tab, or could not be had. */
  | { readonly type: "lost" }
  /** A leader said that it is there, or that it leaves. */
  | { readonly type: "here" | "bye"; readonly leader: string }
  /** Whether this tab has a link to the leader, or wants one. */
  | { readonly type: "need"; readonly needed: boolean };

export type ElectionAction = "wait" | "steal" | "release" | "ask" | "lead" | "resign";

export interface ElectionFacts {
  readonly needed: boolean;
  /** In [0, 1). */
  readonly random: number;
}
export interface ElectionStep {
  readonly state: Election;
  readonly actions: readonly ElectionAction[];
}

/** A leader that was not heard for this long is asked. Tabs draw their times apart, so that one asks, and one takes the lock, for all. */
const quietMs = 2_000;
const spreadMs = 1_000;
/** How long each question may stay unanswered. */
const answerMs = 2_000;
const questionsMax = 2;

const stay = (state: Election): ElectionStep => ({ state, actions: [] });

/** When `timer` is due; null when nothing is. */
export const dueMs = (state: Election): number | null => (state.name === "following" ? state.atMs : null);

export function step(state: Election, event: ElectionEvent, nowMs: number, facts: ElectionFacts): ElectionStep {
  if (state.name === "off") return event.type === "join" ? { state: follow(null, nowMs, facts), actions: ["wait", "ask"] } : stay(state);
  switch (event.type) {
    case "join":
      return stay(state);
    case "leave":
      return { state: { name: "off" }, actions: state.name === "leading" ? ["resign", "release"] : ["release"] };
    case "held":
      return { state: { name: "leading", leader: event.leader }, actions: ["lead"] };
    case "lost":
      // One who could not even wait for the lock tries again when it is time to judge.
      if (state.name === "following") return stay(state);
      return { state: follow(null, nowMs, facts), actions: ["resign", "wait", "ask"] };
    case "here":
      return stay(state.name === "leading" ? state : follow(event.leader, nowMs, facts));
    case "bye":
      return stay(state.name === "following" && state.leader === event.leader ? follow(null, nowMs, facts) : state);
    case "need":
      if (state.name === "leading") return stay(state);
      if (!event.needed) return stay({ ...state, asked: 0, atMs: null });
      return state.atMs === null ? ask({ ...state, asked: 0 }, nowMs) : stay(state);
    case "timer":
      return state.name === "following" && state.atMs !== null && nowMs >= state.atMs ? onDue(state, nowMs) : stay(state);
    default:
      return event satisfies never;
  }
}

type Following = Extract<Election, { name: "following" }>;

function follow(leader: string | null, nowMs: number, { needed, random }: ElectionFacts): Following {
  return { name: "following", leader, asked: 0, atMs: needed ? nowMs + quietMs + spreadMs * random : null };
}

function ask(state: Following, nowMs: number): ElectionStep {
  return { state: { ...state, asked: state.asked + 1, atMs: nowMs + answerMs }, actions: ["ask"] };
}

function onDue(state: Following, nowMs: number): ElectionStep {
  if (state.asked < questionsMax) return ask(state, nowMs);
  return { state: { ...state, leader: null, asked: 0, atMs: nowMs + answerMs }, actions: ["steal"] };
}
