/**
 * One stream's subscription on a link, shared by every local reader of the stream, as a pure machine.
 * Each reader (member) has its own cursor and takes an entry only when the entry's `prev` is that cursor: so nothing is lost, repeated
 * or put out of order, whatever the wire brings. It must never guess: on doubt it subscribes again from a cursor.
 *
 * There is one subscription on the wire. A member that is behind it makes it begin again from the earliest such member; members further
 * on take nothing until the chain of `prev` reaches their cursor. Cursors of different epochs cannot be compared: such a member is taken
 * to be ahead until the subscription has reached the head without meeting it; then it gets a subscription from its own cursor, and thereby
 * the gap that the server has for it.
 */
import { type Code, codes, comparePositions, type From, type GapReason } from "@holdfast/protocol";

/** A local reader. `cursor` is the last position it took, null until its `from` has been resolved. A full one takes nothing. */
export interface Member {
  readonly id: number;
  readonly from: From;
  readonly cursor: string | null;
  readonly full: boolean;
}

/** What the subscription is doing on its link. */
export type SubscriptionPhase =
  | { readonly name: "off" }
  /** A subscribe is under way: after a position, or for the start of a member, which the answer resolves. */
  | { readonly name: "asked"; readonly id: number; readonly after: string | null; readonly member: number | null }
  | { readonly name: "running" }
  /** Asking again brought no progress, or was refused for now. */
  | { readonly name: "resting"; readonly untilMs: number };

export interface SubscriptionState {
  readonly phase: SubscriptionPhase;
  /** The live link; null while there is none. */
  readonly link: number | null;
  /** A retiring link that is still followed, until the live one has met the cursor. */
  readonly old: number | null;
  /** What follows is the next entry on the wire. Meaningless while `off`. */
  readonly cursor: string | null;
  /** The newest position heard of. */
  readonly head: string | null;
  readonly members: readonly Member[];
  /** Whether nothing has come since the last subscribe: those for whom it was made have their turn before others. */
  readonly isFresh: boolean;
  /** Times in a row that a subscribe brought nothing. */
  readonly fruitless: number;
}

export type SubscriptionEvent =
  | { readonly type: "link-up"; readonly link: number }
  | { readonly type: "link-down"; readonly link: number }
  | { readonly type: "joined"; readonly id: number; readonly from: From }
  | { readonly type: "left"; readonly id: number }
  | { readonly type: "full"; readonly id: number; readonly full: boolean }
  | { readonly type: "subscribed"; readonly link: number; readonly id: number; readonly position: string; readonly head: string }
  | { readonly type: "unsubscribed"; readonly link: number; readonly id: number | undefined; readonly code: Code | undefined }
  | { readonly type: "entry"; readonly link: number; readonly position: string; readonly prev: string }
  | { readonly type: "gap"; readonly link: number; readonly reason: GapReason; readonly from: string; readonly after: string; readonly head: string }
  | { readonly type: "ended"; readonly link: number; readonly position: string }
  | { readonly type: "beat"; readonly link: number; readonly sent: string; readonly head: string }
  | { readonly type: "timer" };

export type SubscriptionAction =
  | { readonly do: "ask"; readonly id: number; readonly from: From }
  | { readonly do: "unsubscribe" }
  /** The entry or gap that the event brought goes to these members. */
  | { readonly do: "deliver"; readonly to: readonly number[] }
  | { readonly do: "end"; readonly to: readonly number[] }
  | { readonly do: "fail"; readonly to: readonly number[]; readonly code: Code }
  /** The server contradicts itself: the link is to be left. */
  | { readonly do: "fault" }
  | { readonly do: "count"; readonly what: "duplicates" | "holes" | "audits" | "late" };

/** What the machine is told with every event. `nextId` is an id that the live link has not used. */
export interface SubscriptionFacts {
  readonly nextId: number;
  /** In [0, 1). */
  readonly random: number;
}
export interface SubscriptionStep {
  readonly state: SubscriptionState;
  readonly actions: readonly SubscriptionAction[];
}

export const newSubscription: SubscriptionState = {
  phase: { name: "off" },
  link: null,
  old: null,
  cursor: null,
  head: null,
  members: [],
  isFresh: false,
  fruitless: 0,
};

const restBaseMs = 1_000;
const restCapMs = 30_000;

const off = { name: "off" } as const;
const running = { name: "running" } as const;
const stay = (state: SubscriptionState): SubscriptionStep => ({ state, actions: [] });
const ids = (members: readonly Member[]): number[] => members.map(({ id }) => id);
const first = (step: SubscriptionStep, ...actions: SubscriptionAction[]): SubscriptionStep => ({ state: step.state, actions: [...actions, ...step.actions] });
const count = (what: Extract<SubscriptionAction, { do: "count" }>["what"]): SubscriptionAction => ({ do: "count", what });

/** Whether everything that the server is known to have has been taken from the wire. */
export function isAtHead(state: SubscriptionState): boolean {
  return state.phase.name === "running" && state.cursor === state.head;
}

/** Whether the live link carries what this subscription needs, so that a retiring link may go. */
export function isSettled({ phase, old }: SubscriptionState): boolean {
  return phase.name !== "asked" && old === null;
}

/** Whether what comes on a link counts. Not between a subscribe and its answer, nor after an unsubscribe: it belongs to another cursor. */
export function takesFrom(state: SubscriptionState, link: number): boolean {
  return link === state.old || (link === state.link && state.phase.name === "running");
}

/** When `timer` is due; null when nothing is. */
export function restingUntil({ phase }: SubscriptionState): number | null {
  return phase.name === "resting" ? phase.untilMs : null;
}

export function step(state: SubscriptionState, event: SubscriptionEvent, nowMs: number, facts: SubscriptionFacts): SubscriptionStep {
  switch (event.type) {
    case "link-up":
      return onLinkUp(state, event.link, facts);
    case "link-down":
      if (event.link === state.old) return stay({ ...state, old: null });
      return stay(event.link === state.link ? { ...state, link: null, old: null, phase: off } : state);
    case "joined":
      return onJoined(state, event.id, event.from, facts);
    case "left":
      return review({ ...state, members: state.members.filter(({ id }) => id !== event.id) }, facts);
    case "full":
      return review({ ...state, members: state.members.map((member) => (member.id === event.id ? { ...member, full: event.full } : member)) }, facts);
    case "subscribed":
      return onSubscribed(state, event, facts);
    case "unsubscribed":
      return onUnsubscribed(state, event, nowMs, facts);
    case "timer":
      if (state.phase.name !== "resting" || nowMs < state.phase.untilMs) return stay(state);
      return review({ ...state, phase: off }, facts);
    case "entry":
    case "gap":
    case "ended":
    case "beat":
      return onFrame(state, event, nowMs, facts);
    default:
      return event satisfies never;
  }
}

type Frame = Extract<SubscriptionEvent, { type: "entry" | "gap" | "ended" | "beat" }>;

function onFrame(state: SubscriptionState, event: Frame, nowMs: number, facts: SubscriptionFacts): SubscriptionStep {
  if (!takesFrom(state, event.link)) return { state, actions: [count("late")] };
  if (event.type === "beat") return onBeat(state, event, nowMs, facts);
  const follows = event.type === "entry" ? event.prev : event.type === "gap" ? event.from : event.position;
  const isNew = event.link === state.link;
  if (follows === state.cursor) {
    // What the live link brings at the cursor shows that it has caught up with the retiring one.
    const followed = isNew ? { ...state, old: null } : state;
    if (event.type === "entry") return onEntry(followed, event.position, facts);
    if (event.type === "gap") return onGap(followed, event.after, event.head, facts);
    return onStreamEnd(followed, facts);
  }
  if (event.type === "entry" && isNotAfter(event.position, state.cursor)) {
    const hasMet = isNew && event.position === state.cursor;
    return { state: hasMet ? { ...state, old: null } : state, actions: [count("duplicates")] };
  }
  // A retiring link that has lost something is not followed any more.
  return first(again(isNew ? state : { ...state, old: null }, nowMs, facts), count("holes"));
}

const isNotAfter = (position: string, cursor: string | null): boolean => {
  const order = cursor === null ? null : comparePositions(position, cursor);
  return order !== null && order <= 0;
};

/** The members at the wire's cursor take what came; the wire moves on. */
function advance(state: SubscriptionState, position: string, head: string | null): { state: SubscriptionState; to: number[] } {
  const to: number[] = [];
  const members = state.members.map((member) => {
    if (member.full || member.cursor !== state.cursor) return member;
    to.push(member.id);
    return { ...member, cursor: position };
  });
  return { state: { ...state, members, head, cursor: position, isFresh: false, fruitless: 0 }, to };
}

function onEntry(state: SubscriptionState, position: string, facts: SubscriptionFacts): SubscriptionStep {
  const order = state.head === null ? 1 : comparePositions(position, state.head);
  const head = state.head === state.cursor || (order !== null && order > 0) ? position : state.head;
  const next = advance(state, position, head);
  return first(review(next.state, facts), { do: "deliver", to: next.to });
}

function onGap(state: SubscriptionState, after: string, head: string, facts: SubscriptionFacts): SubscriptionStep {
  const next = advance(state, after, head);
  return first(review(next.state, facts), { do: "deliver", to: next.to });
}

function onStreamEnd(state: SubscriptionState, facts: SubscriptionFacts): SubscriptionStep {
  const there = state.members.filter((member) => member.cursor === state.cursor);
  const members = state.members.filter((member) => member.cursor !== state.cursor);
  return first(review({ ...state, members, phase: off, old: null }, facts), { do: "end", to: ids(there) });
}

function onBeat(state: SubscriptionState, beat: Extract<Frame, { type: "beat" }>, nowMs: number, facts: SubscriptionFacts): SubscriptionStep {
  // While two links bring entries, the cursor is not that of either.
  if (state.old !== null) return { state, actions: [count("late")] };
  const seen = { ...state, head: beat.head };
  return beat.sent === state.cursor ? review(seen, facts) : first(again(seen, nowMs, facts), count("audits"));
}

function onLinkUp(state: SubscriptionState, link: number, facts: SubscriptionFacts): SubscriptionStep {
  const old = state.phase.name === "running" ? state.link : state.old;
  const up = { ...state, link, old, phase: off, fruitless: 0 };
  // While a former link still brings entries, the new one goes on from where the wire is, not from the members.
  if (old !== null && state.cursor !== null && readyMembers(up).some(({ cursor }) => cursor === state.cursor))
    return ask(up, { after: state.cursor }, null, facts);
  return review({ ...up, old: null }, facts);
}

function onJoined(state: SubscriptionState, id: number, from: From, facts: SubscriptionFacts): SubscriptionStep {
  const after = typeof from === "object" && "after" in from ? from.after : null;
  // "Now" is where the wire is, when that is the head: no need to ask.
  const cursor = after ?? (from === "now" && isAtHead(state) ? state.cursor : null);
  return review({ ...state, members: [...state.members, { id, from, cursor, full: false }] }, facts);
}

function onSubscribed(state: SubscriptionState, event: Extract<SubscriptionEvent, { type: "subscribed" }>, facts: SubscriptionFacts): SubscriptionStep {
  const { phase } = state;
  if (phase.name !== "asked" || event.link !== state.link || event.id !== phase.id) return { state, actions: [count("late")] };
  const { position, head } = event;
  if (phase.after !== null && phase.after !== position) return { state, actions: [{ do: "fault" }] };
  if (phase.member === null) {
    // A retiring link may have moved the cursor on since the question was asked; what is then repeated will be recognized.
    return review({ ...state, phase: running, head, old: position === state.cursor ? null : state.old }, facts);
  }
  const { from } = state.members.find((member) => member.id === phase.member) ?? { from: null };
  // One answer serves all who asked the same.
  const members = state.members.map((member) => (member.cursor === null && isSame(member.from, from) ? { ...member, cursor: position } : member));
  return review({ ...state, phase: running, cursor: position, head, members }, facts);
}

const isSame = (a: From, b: From | null): boolean =>
  a === b || (typeof a === "object" && "last" in a && typeof b === "object" && b !== null && "last" in b && a.last === b.last);

function onUnsubscribed(
  state: SubscriptionState,
  { link, id, code }: Extract<SubscriptionEvent, { type: "unsubscribed" }>,
  nowMs: number,
  facts: SubscriptionFacts,
): SubscriptionStep {
  const { phase } = state;
  const asked = phase.name === "asked" && id === phase.id ? phase : null;
  // Without a code it answers an unsubscribe, and whatever that was about is over already.
  if (link !== state.link || code === undefined || (asked === null && (phase.name !== "running" || id !== undefined))) return stay(state);
  if (codes[code].retry !== "stop") return rest({ ...state, old: null }, nowMs, facts);
  const resolved = asked === null ? null : asked.member;
  // A bad position is the fault of those who hold it; any other refusal would meet every member.
  const isMeant = (member: Member): boolean => code !== "bad_position" || (resolved === null ? member.cursor === state.cursor : member.id === resolved);
  const failed = state.members.filter(isMeant);
  const members = state.members.filter((member) => !isMeant(member));
  return first(review({ ...state, members, phase: off, old: null }, facts), { do: "fail", to: ids(failed), code });
}

const readyMembers = (state: SubscriptionState): Member[] => state.members.filter(({ full }) => !full);

/** The cursor that is before the others, as far as they can be compared. */
function earliest(members: readonly Member[]): string {
  let least: string | null = null;
  for (const { cursor } of members) {
    if (cursor === null) continue;
    if (least === null || (comparePositions(cursor, least) ?? 0) < 0) least = cursor;
  }
  return least as string;
}

/** Whether the subscription on the wire serves the members as they are now; if not, what to do. */
function review(state: SubscriptionState, facts: SubscriptionFacts): SubscriptionStep {
  const { phase, cursor } = state;
  if (state.link === null) return stay(state);
  const ready = readyMembers(state);
  if (ready.length === 0) {
    const onWire = phase.name === "asked" || phase.name === "running";
    return { state: { ...state, phase: off, old: null }, actions: onWire ? [{ do: "unsubscribe" }] : [] };
  }
  if (phase.name === "asked" || phase.name === "resting") return stay(state);
  const unresolved = ready.find((member) => member.cursor === null);
  if (unresolved !== undefined) return ask({ ...state, old: null }, unresolved.from, unresolved.id, facts);
  if (phase.name === "off") return askAfter(state, earliest(ready), facts);
  if (ready.every((member) => member.cursor === cursor)) return stay(state);
  if (!ready.some((member) => member.cursor === cursor)) return askAfter(state, earliest(ready), facts);
  if (state.isFresh && cursor !== state.head) return stay(state);
  const behind = ready.filter((member) => cursor !== null && (comparePositions(member.cursor as string, cursor) ?? 0) < 0);
  if (behind.length > 0) return askAfter(state, earliest(behind), facts);
  const passed = state.head === cursor ? ready.filter((member) => member.cursor !== cursor) : [];
  return passed.length > 0 ? askAfter(state, earliest(passed), facts) : stay(state);
}

function ask(state: SubscriptionState, from: From, member: number | null, facts: SubscriptionFacts): SubscriptionStep {
  const id = facts.nextId;
  const after = typeof from === "object" && "after" in from ? from.after : null;
  return { state: { ...state, isFresh: true, phase: { name: "asked", id, after, member } }, actions: [{ do: "ask", id, from }] };
}

function askAfter(state: SubscriptionState, cursor: string, facts: SubscriptionFacts): SubscriptionStep {
  return ask({ ...state, cursor, old: cursor === state.cursor ? state.old : null }, { after: cursor }, null, facts);
}

/** Asks again from the cursor: at once the first time, later and later while it brings nothing. */
function again(state: SubscriptionState, nowMs: number, facts: SubscriptionFacts): SubscriptionStep {
  if (state.fruitless > 0) return rest(state, nowMs, facts);
  return askAfter({ ...state, fruitless: 1 }, state.cursor as string, facts);
}

function rest(state: SubscriptionState, nowMs: number, facts: SubscriptionFacts): SubscriptionStep {
  const ceiling = Math.min(restCapMs, restBaseMs * 2 ** Math.min(state.fruitless, 10));
  const untilMs = nowMs + ceiling * (0.5 + facts.random / 2);
  return stay({ ...state, old: null, fruitless: state.fruitless + 1, phase: { name: "resting", untilMs } });
}
