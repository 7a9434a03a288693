/**
 * What can be said beyond the findings: for how long silence was survived where no timer was found, which heartbeat that bears, and how to look
 * further. Pure. It promises nothing beyond what was seen.
 */
import { heartbeatMs } from "../diagnoses/words.ts";
import type { Facts, IdleFact } from "../facts.ts";
import { idleNames, time } from "../words.ts";

/** Each `--max` with the longest silence that it sees; one that is longer is not looked for. */
const reaches: readonly (readonly [max: string, maxMs: number, reach: string])[] = [
  ["70s", 70_000, "a minute"],
  ["6m30s", 390_000, "six minutes (AWS NLB: 350 s)"],
  ["65m", 3_900_000, "an hour"],
];
/** Below it a heartbeat that fits is no advice. */
const worthMs = 10_000;

/** Sentences, each a line; none where nothing was reached, which is a finding. */
export function outlook(facts: Facts): string[] {
  if (!facts.http.known) return [];
  const open = facts.idle.filter(({ moving, atMostMs, atLeastMs }) => moving === "nothing" && atMostMs === null && atLeastMs > 0);
  return [...survived(open), ...nothingSeen(facts), ...heartbeat(facts.idle), ...further(facts, open), ...notThere(facts)];
}

function survived(open: readonly IdleFact[]): string[] {
  if (open.length === 0) return [];
  const each = open.map(({ of, atLeastMs }) => `${idleNames[of]} ${time(Math.floor(atLeastMs))}`).join(", ");
  return [`Not ended by the longest silence that was tried: ${each}. A timer above that may be there: it was not looked for.`];
}

/** "Nothing found" would be taken for a healthy path. */
function nothingSeen({ idle, tookMs, notMeasured }: Facts): string[] {
  if (idle.length > 0 || notMeasured.length === 0) return [];
  return [`Nothing could be left alone for long within ${time(tookMs)}: nothing is known of any idle timer. Give it a longer --max (70s is the default).`];
}

/** Of streams that outlived all; where one ends, its finding says it. */
function heartbeat(idle: readonly IdleFact[]): string[] {
  const streams = idle.filter(({ of, moving }) => (of === "websocket" || of === "event-stream") && moving === "nothing");
  const leastMs = Math.min(...streams.map(({ atLeastMs }) => atLeastMs));
  if (streams.length === 0 || leastMs < worthMs || streams.some(({ atMostMs }) => atMostMs !== null)) return [];
  return [`A heartbeat every ${time(heartbeatMs(leastMs))} stays within the silence that was survived, with one of it lost.`];
}

function further({ maxMs }: Facts, open: readonly IdleFact[]): string[] {
  const next = reaches.find(([, ms]) => ms > maxMs);
  return next === undefined || open.length === 0 ? [] : [`To look for timers of up to ${next[2]}: --max ${next[0]}`];
}

/** Most who come have a stream that breaks. */
function notThere({ url, webSocket, eventStream }: Facts): string[] {
  if (/^ws/.test(url) || !webSocket.known || !eventStream.known || webSocket.value.taken || eventStream.value.is) return [];
  return ["The URL is neither a WebSocket nor an event stream, so none was looked at: name the URL of one, or put `holdfast doctor agent` behind the path."];
}
