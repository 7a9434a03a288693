/**
 * A1, A4, A5 and the first half of P1: on a link whose connections are kept, whoever sends the next request gives up first. Pure.
 * It never judges a link that keeps no connections, nor a sender that repeats by itself whatever met a closing end.
 */
import { lastsMs, msOf } from "../links.ts";
import type { Fix, Link, Setting } from "../plan.ts";
import { between, type Check, canBe, fixOf, type Ladder, time } from "./check.ts";
import { edgeMs, marginMs, receiverAtLeastMs, senderAtMostMs } from "./margin.ts";

/** Above it a shorter pool is the cheaper cure where both ends can give way, and the sender's knob is that of its pool alone. */
const cheapMs = 600_000;

/** The two timers of a link on which A1 has something to say; null where it has nothing. */
interface Pair {
  readonly link: Link;
  readonly sender: Setting;
  readonly receiver: Setting;
  readonly idleMs: number;
  /** With what the receiver adds by itself. */
  readonly keptMs: number;
}

function pairOf(link: Link): Pair | null {
  const { senderIdle: sender, receiverIdle: receiver } = link;
  if (sender === null || receiver === null || link.reuse !== true) return null;
  if (link.sender.product.kind === "browser" || link.sender.product.retries === "all") return null;
  return { link, sender, receiver, idleMs: lastsMs(sender), keptMs: msOf(receiver.value) + link.receiverBufferMs };
}

const holds = ({ link, idleMs, keptMs }: Pair): boolean => keptMs === Number.POSITIVE_INFINITY || idleMs + marginMs(link, idleMs) <= keptMs;

/** Databases and poolers are no different, but people know their rule by another name. */
export const isDatabase = ({ receiver }: Link): boolean => ["pooler", "database", "cache"].includes(receiver.product.kind);

/** A1, in its place A4 where neither end can give way, and P1 where the receiver is a database. */
export const reuse = ({ links }: Ladder): Check[] => links.map(pairOf).flatMap((pair) => (pair === null ? [] : [reuseCheck(pair)]));

function reuseCheck(pair: Pair): Check {
  const { link, sender, receiver, idleMs, keptMs } = pair;
  const broken = !holds(pair);
  const fixes = broken ? [...timerFixes(pair), ...switchFixes(link)] : [];
  const impossible = broken && !fixes.some(({ knob }) => knob === sender.knob.name || knob === receiver.knob.name);
  const isCertain = idleMs + edgeMs(link) > keptMs;
  return {
    rule: isDatabase(link) ? "P1" : impossible ? "A4" : "A1",
    code: isDatabase(link) ? "pool_outlives" : "keepalive_race",
    severity: isCertain ? "error" : "warning",
    where: between(link),
    title: titleOf(pair, isCertain, impossible),
    inequality: `${idleWords(sender)}${idleMs === Number.POSITIVE_INFINITY ? "" : ` + ${time(marginMs(link, idleMs))}`} <= ${time(keptMs)}`,
    operands: [sender, receiver],
    missing: keptMs === Number.POSITIVE_INFINITY ? 0 : idleMs + marginMs(link, idleMs) - keptMs,
    fixes,
  };
}

/** `10 x 5 s` where a connection may outlast its timer. */
const idleWords = ({ knob, value }: Setting): string => `${knob.lastsTimes === undefined ? "" : `${knob.lastsTimes} x `}${time(value)}`;

function titleOf({ link: { sender, receiver }, sender: { knob }, idleMs, keptMs }: Pair, isCertain: boolean, impossible: boolean): string {
  const how = isCertain
    ? `${receiver.name} ends an idle connection after ${time(keptMs)}, ${sender.name} may still send on it ${idleMs === Number.POSITIVE_INFINITY ? "at any time" : `until ${time(idleMs)}`}${knob.lastsTimes === undefined ? "" : ` (${knob.lastsTimes} times ${knob.name}: each time it ends half of them)`}`
    : `${sender.name} gives up idle connections after ${time(idleMs)}, too shortly before ${receiver.name} ends them after ${time(keptMs)}`;
  const repeats = sender.product.retries === "idempotent" ? `; ${sender.name} repeats by itself what may be repeated, so it is a POST that fails` : "";
  return `${how}${repeats}${impossible ? "; neither timer can give way" : ""}`;
}

/** Both ways to put the timers in order, most sensible first. */
function timerFixes({ link, sender, receiver, idleMs, keptMs }: Pair): Fix[] {
  const [raised, lowered] = [receiverAtLeastMs(link, idleMs), senderAtMostMs(link, keptMs, sender.knob.lastsTimes)];
  const raise: Fix[] = canBe(receiver, raised) ? [fixOf(receiver, raised, raiseCost(receiver, link, raised))] : [];
  const lower: Fix[] = lowered > 0 && canBe(sender, lowered) ? [fixOf(sender, lowered, lowerCost(sender, link, lowered))] : [];
  return raised > cheapMs && sender.knob.side !== "both" ? [...lower, ...raise] : [...raise, ...lower];
}

const raiseCost = (receiver: Setting, link: Link, ms: number): string =>
  `${link.receiver.name} holds idle connections for up to ${time(ms)}: descriptors and memory${
    receiver.knob.side === "both" ? `. The same knob is its wait for an answer: work that hangs is answered with an error only after ${time(ms)}` : ""
  }`;

const lowerCost = (sender: Setting, link: Link, ms: number): string =>
  `after ${time(ms)} without requests ${link.sender.name} connects anew: a handshake${
    sender.knob.side === "both" ? ". The same knob is its wait for an answer and for silent streams" : ""
  }`;

function switchFixes({ sender }: Link): Fix[] {
  const switches = sender.settings.filter(
    ({ knob: { role, fixed, offAt, side } }) => role !== undefined && side !== "client" && fixed !== true && (offAt?.length ?? 0) > 0,
  );
  // The size of the pool says what is meant; a version or a header has other effects beside.
  const setting = switches.find(({ knob }) => knob.role === "pool_max") ?? switches[0];
  const value = setting?.knob.offAt?.[0];
  return setting === undefined || value === undefined
    ? []
    : [fixOf(setting, value, "keeps no connection: a handshake for each request, and a port in TIME_WAIT")];
}

/**
 * A5: a knob that serves both sides of a hop hands on what it takes. Where A1 demands more of it than the link behind can follow, the
 * two have to be raised together.
 */
export function chain({ links }: Ladder): Check[] {
  return links.flatMap((before) => {
    const [into, after] = [pairOf(before), links.find(({ sender }) => sender === before.receiver)];
    const onward = after === undefined ? null : pairOf(after);
    if (into === null || onward === null || into.receiver.knob.side !== "both" || into.receiver.knob.name !== onward.sender.knob.name || holds(into)) return [];
    return chainCheck(into, onward);
  });
}

function chainCheck(into: Pair, onward: Pair): Check[] {
  const raised = receiverAtLeastMs(into.link, into.idleMs);
  if (!Number.isFinite(raised) || !canBe(into.receiver, raised) || !Number.isFinite(onward.keptMs)) return [];
  const behind = receiverAtLeastMs(onward.link, raised);
  const [hop, last] = [into.link.receiver.name, onward.link.receiver.name];
  return [
    {
      rule: "A5",
      code: "idle_chain",
      severity: "warning",
      where: `${into.link.sender.name} -> ${hop} -> ${last}`,
      title: `One knob of ${hop} serves both of its sides: raised to ${time(raised)} for ${into.link.sender.name}, it needs ${time(behind)} of ${last}`,
      inequality: `${time(into.idleMs)} + ${time(marginMs(into.link, into.idleMs))} + ${time(marginMs(onward.link, raised))} <= ${time(onward.keptMs)}`,
      operands: [into.sender, into.receiver, onward.receiver],
      missing: raised + marginMs(onward.link, raised) - onward.keptMs,
      fixes: canBe(onward.receiver, behind) ? [fixOf(onward.receiver, behind, raiseCost(onward.receiver, onward.link, behind))] : [],
    },
  ];
}
