/**
 * C1 to C3: an open stream lives as long as something moves in it often enough for every hop that times silence. Which bytes count,
 * how often they must come with one of them lost, and when either end may call the other dead. Pure.
 * It never believes a TCP probe or an HTTP/2 PING where a hop counts bytes of the stream.
 */
import type { HeartbeatOf } from "../declared.ts";
import type { ResetBy, StreamKind } from "../knob.ts";
import { msOf, shortest } from "../links.ts";
import type { Fix, Setting, StreamPlan } from "../plan.ts";
import { type Check, canBe, fixOf, type Ladder, streamFix, time } from "./check.ts";
import { governing, kindsOf } from "./governing.ts";
import { heartbeatFor, spanMs } from "./heartbeat.ts";
import { lifetimeOf } from "./lifetime.ts";
import { roundUpMs } from "./margin.ts";

/** Late timers of whoever beats, and of the hop: at least so much each. */
const slackMs = 1_000;
/** How long an answer may take before its absence says something. */
const answerMs = 5_000;
/** Holdfast's own period: quick to notice, and within what any path bears whose timers are 30 s or more. */
export const heartbeatDefaultMs = 12_000;
/** The period where no period is short enough. */
const heartbeatLeastMs = 1_000;

const silences = (ladder: Ladder): Setting[] => governing(ladder, ["C", "D"]).filter(({ value }) => typeof value === "number" && value > 0);

/** Whether a heartbeat of these bytes resets a timer. The acknowledgement of any packet is a packet the other way. */
export function counts(of: HeartbeatOf, { direction, layer }: ResetBy): boolean {
  if (layer === "packet") return true;
  if (of === "tcp_probe" || layer === "request") return false;
  if (of === "h2_ping") return layer === "payload";
  return of === "both_ways" || direction === "either" || direction === of;
}

const resetOf = ({ knob }: Setting): ResetBy => knob.resetBy ?? { direction: "either", layer: "payload" };
const rttOf = ({ path }: Ladder): number => path.rttMs?.user ?? 1_000;
const lateMs = (ladder: Ladder, { hop }: Setting): number =>
  rttOf(ladder) + slackMs + Math.max(slackMs, ladder.hops.find(({ name }) => name === hop)?.product.granularityMs ?? 0);

/** The longest period that this silence bears. */
const periodFor = (ladder: Ladder, setting: Setting): number => heartbeatFor(msOf(setting.value), lateMs(ladder, setting));

/** The heartbeat that is set, or the one that the path wants. */
const heartbeatOf = (ladder: Ladder): number => ladder.streams.heartbeatMs ?? wanted(ladder);

/** Never 0, which nobody can beat at: where a silence bears no beat at all, C1 says so of the hop. */
function wanted(ladder: Ladder): number {
  const periods = silences(ladder).map((setting) => periodFor(ladder, setting));
  return Math.min(heartbeatDefaultMs, ...periods.map((ms) => (ms > 0 ? ms : heartbeatLeastMs)));
}

const bytesOf = ({ streams }: Ladder): HeartbeatOf => streams.heartbeatOf ?? "both_ways";

/** C1. */
export function beats(ladder: Ladder): Check[] {
  const heartbeatMs = heartbeatOf(ladder);
  return silences(ladder)
    .filter((setting) => counts(bytesOf(ladder), resetOf(setting)))
    .map((setting) => {
      const [limit, late] = [msOf(setting.value), lateMs(ladder, setting)];
      const longest = periodFor(ladder, setting);
      const neededMs = roundUpMs(spanMs(heartbeatMs) + late);
      const fixes: Fix[] = [
        ...(longest > 0 ? [streamFix("heartbeat", longest, "more bytes, and a radio that wakes more often")] : []),
        ...(canBe(setting, neededMs) ? [fixOf(setting, neededMs, `${setting.hop} holds dead streams for up to ${time(neededMs)}`)] : []),
      ];
      return {
        rule: "C1" as const,
        code: "heartbeat_too_slow" as const,
        severity: "error" as const,
        where: setting.hop,
        title: `A heartbeat every ${time(heartbeatMs)} does not survive a lost beat at ${setting.hop}, which ends a stream after ${time(limit)} of silence`,
        inequality: `2 x ${time(heartbeatMs)} x 1.1 + ${time(late)} <= ${time(limit)}`,
        operands: [setting],
        missing: heartbeatMs <= 0 ? limit : spanMs(heartbeatMs) + late - limit,
        fixes,
      };
    });
}

/** C2. */
export function counted(ladder: Ladder): Check[] {
  const of = bytesOf(ladder);
  return silences(ladder).map((setting) => {
    const { direction, layer } = resetOf(setting);
    const fits = counts(of, { direction, layer });
    return {
      rule: "C2" as const,
      code: "heartbeat_not_counted" as const,
      severity: "error" as const,
      where: setting.hop,
      title: `${setting.hop} does not count ${heartbeatWords[of]}: it ends a stream after ${time(setting.value)} without ${countedWords(direction, layer)}`,
      inequality: `${of} resets ${layer}, ${direction}`,
      operands: [setting],
      missing: fits ? 0 : msOf(setting.value),
      fixes:
        fits || !counts("both_ways", { direction, layer })
          ? []
          : [streamFix("heartbeatOf", "both_ways", "a few bytes of payload each way, sent by the application")],
    };
  });
}

export const heartbeatWords: Readonly<Record<HeartbeatOf, string>> = {
  both_ways: "a beat that must be answered",
  to_client: "bytes from the server",
  to_server: "bytes from the client",
  h2_ping: "HTTP/2 PINGs",
  tcp_probe: "TCP probes",
};

const countedWords = (direction: ResetBy["direction"], layer: ResetBy["layer"]): string =>
  `${layer === "request" ? "a request" : layer === "stream" ? "bytes of the stream" : "payload"}${
    direction === "either" ? "" : direction === "to_client" ? " from the server" : " from the client"
  }`;

/** After so long without a byte an end may call the other dead. */
const deadAfter = (ladder: Ladder, heartbeatMs: number): number => roundUpMs(spanMs(heartbeatMs) + rttOf(ladder) + answerMs);

/** C3: not before a beat may have been lost, and not long after. */
export function detection(ladder: Ladder): Check[] {
  const { deadAfterMs } = ladder.streams;
  if (deadAfterMs === undefined) return [];
  const heartbeatMs = heartbeatOf(ladder);
  const [given, right] = [deadAfterMs === "never" ? Number.POSITIVE_INFINITY : deadAfterMs, deadAfter(ladder, heartbeatMs)];
  const least = spanMs(heartbeatMs) + rttOf(ladder);
  const base = { rule: "C3", where: "streams", operands: [], fixes: [streamFix("deadAfter", right, "none")] } as const;
  return [
    {
      ...base,
      code: "detection_too_early",
      severity: "error",
      title: `A healthy stream is called dead after ${time(given)}, though one lost beat alone keeps it silent for ${time(least)}`,
      inequality: `2 x ${time(heartbeatMs)} x 1.1 + ${time(rttOf(ladder))} <= ${time(given)}`,
      missing: Number.isFinite(given) ? least - given : 0,
    },
    {
      ...base,
      code: "detection_too_late",
      severity: "warning",
      title: `A dead connection is noticed ${Number.isFinite(given) ? `only after ${time(given)}` : "by nobody"}, where ${time(right)} would do`,
      inequality: `${time(given)} <= 2 x ${time(right)}`,
      missing: given - 2 * right,
    },
  ];
}

/** What the path wants of its streams. */
export function planStreams(ladder: Ladder): StreamPlan {
  const limits = silences(ladder);
  const limitedBy = shortest(limits);
  const largest = limits.length === 0 ? null : Math.min(...limits.map((setting) => periodFor(ladder, setting)));
  const heartbeatMs = heartbeatOf(ladder);
  const { reconnectMs, lifetimeLimitedBy } = lifetimeOf(ladder);
  return {
    silenceMs: limitedBy === null ? null : msOf(limitedBy.value),
    limitedBy,
    heartbeatMs,
    heartbeatMaxMs: largest,
    heartbeatOf: bytesWords(ladder),
    deadAfterMs: deadAfter(ladder, heartbeatMs),
    reconnectMs,
    lifetimeLimitedBy,
  };
}

/** The bytes that count at every hop, kind by kind of stream. */
function bytesWords(ladder: Ladder): string {
  const words: Readonly<Record<StreamKind, string>> = {
    "event-stream": "event stream: a comment from the server",
    websocket: "WebSocket: a ping and its pong",
    grpc: "gRPC: a message on the stream, no HTTP/2 PING",
    tcp: "TCP: bytes of the application, both ways",
  };
  return kindsOf(ladder)
    .map((kind) => words[kind])
    .join("; ");
}
