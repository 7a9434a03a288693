/**
 * E1 and A3: connections have an age or a count at which a hop ends them. What is announced in an answer harms nobody; what is not must be
 * forestalled, a request's connection by the sender's own limit, a stream by a reconnect that was planned. Pure.
 */
import { isOn, msOf, shortest } from "../links.ts";
import type { Link, Setting, StreamPlan } from "../plan.ts";
import { between, type Check, canBe, fixOf, type Ladder, streamFix, time } from "./check.ts";
import { governing } from "./governing.ts";
import { marginMs, receiverAtLeastMs, roundDownMs, senderAtMostMs } from "./margin.ts";
import { isDatabase } from "./reuse.ts";

/** A planned reconnect comes within the last tenth but one of the life, so that streams which began together do not end together. */
const latest = 0.9;
const earliest = 0.81;

/** An age below this is one that nobody chose for streams: reconnects would be most of their life. */
const shortMs = 600_000;
const raisedMs = 3_600_000;

const isAnnounced = ({ knob }: Setting): boolean => knob.ends?.some((end) => end === "announced" || end === "goaway") === true;

const limitOf = (ladder: Ladder): Setting | null =>
  shortest(governing(ladder, ["E"]).filter((setting) => typeof setting.value === "number" && setting.value > 0 && !isAnnounced(setting)));

/** When planned reconnects come; null where nothing limits the age. */
export function lifetimeOf(ladder: Ladder): Pick<StreamPlan, "reconnectMs" | "lifetimeLimitedBy"> {
  const limit = limitOf(ladder);
  if (limit === null) return { reconnectMs: null, lifetimeLimitedBy: null };
  const to = Math.min(roundDownMs(latest * msOf(limit.value)), ladder.streams.reconnectMs ?? Number.POSITIVE_INFINITY);
  return { reconnectMs: { from: roundDownMs((to * earliest) / latest), to }, lifetimeLimitedBy: limit };
}

/** E1. */
export function lifetime(ladder: Ladder): Check[] {
  const limit = limitOf(ladder);
  if (limit === null) return [];
  const planned = ladder.streams.reconnectMs;
  const [ageMs, dueMs] = [msOf(limit.value), roundDownMs(latest * msOf(limit.value))];
  const window = `between ${time(roundDownMs(earliest * ageMs))} and ${time(dueMs)}`;
  return [
    {
      rule: "E1",
      code: "lifetime_unplanned",
      severity: planned === undefined && ageMs >= shortMs ? "info" : "warning",
      where: limit.hop,
      title: `${limit.hop} ends every stream at an age of ${time(ageMs)}, whatever moves in it; ${
        planned === undefined ? `plan reconnects ${window}` : `reconnects planned for ${time(planned)} come too late`
      }`,
      inequality: `${planned === undefined ? "never" : time(planned)} <= 0.9 x ${time(ageMs)}`,
      operands: [limit],
      missing: planned === undefined ? ageMs : planned - dueMs,
      fixes: [
        ...(ageMs < shortMs && canBe(limit, raisedMs) ? [fixOf(limit, raisedMs, raiseCost(limit))] : []),
        streamFix("reconnect", dueMs, "a handshake and a resume per stream and life, spread over a tenth of it"),
      ],
    },
  ];
}

const raiseCost = ({ hop, knob }: Setting): string =>
  knob.classes.includes("B")
    ? `the same knob is the wait of ${hop} for an answer: work that hangs is answered with an error only then`
    : `${hop} holds streams for longer`;

/** A3 and the second half of P1: a receiver's limit by age or count that it does not announce, against the sender's own. */
export const ends = ({ links }: Ladder): Check[] =>
  links.flatMap((link) => (link.reuse === true ? link.receiver.settings.flatMap((setting) => endCheck(link, setting)) : []));

function endCheck(link: Link, setting: Setting): Check[] {
  const { knob, value } = setting;
  const isLimit =
    knob.classes.includes("E") && isOn(knob.side, "client") && (knob.unit === "ms" || knob.unit === "count") && typeof value === "number" && value > 0;
  // An end that is not known is not accused.
  if (!isLimit || isAnnounced(setting) || knob.ends === undefined || (knob.streams !== undefined && knob.streams.length > 0)) return [];
  const own =
    link.sender.settings.find((other) => other.knob.classes.includes("E") && isOn(other.knob.side, "server") && other.knob.unit === knob.unit) ?? null;
  const [limit, given] = [msOf(value), own === null || own.value === 0 ? Number.POSITIVE_INFINITY : msOf(own.value)];
  const isTime = knob.unit === "ms";
  const words = (amount: number): string => (isTime ? time(amount) : Number.isFinite(amount) ? String(amount) : "never");
  const margin = isTime && Number.isFinite(given) ? marginMs(link, given) : 1;
  const lowered = isTime ? senderAtMostMs(link, limit) : limit - 1;
  const raised = isTime ? receiverAtLeastMs(link, given) : given + 1;
  return [
    {
      rule: isDatabase(link) ? "P1" : "A3",
      code: isDatabase(link) ? "pool_outlives" : "unannounced_end",
      severity: "warning",
      where: between(link),
      title: `${link.receiver.name} ends a connection ${isTime ? `at an age of ${time(limit)}` : `after ${limit} requests`} without announcing it, ${link.sender.name} ${Number.isFinite(given) ? `keeps it until ${words(given)}` : "has no limit of its own"}`,
      inequality: `${words(given)}${Number.isFinite(given) ? ` + ${words(margin)}` : ""} <= ${words(limit)}`,
      operands: [...(own === null ? [] : [own]), setting],
      missing: given + margin - limit,
      fixes: [
        ...(own !== null && lowered > 0 && canBe(own, lowered) ? [fixOf(own, lowered, "connections are made anew more often: a handshake each")] : []),
        ...(Number.isFinite(raised) && canBe(setting, raised)
          ? [fixOf(setting, raised, `${setting.hop} keeps connections for longer, and is balanced anew more slowly`)]
          : []),
      ],
    },
  ];
}
