/**
 * C4: a server of gRPC suffers HTTP/2 PINGs only so often and ends the connection of whoever sends more (`too_many_pings`). Pure.
 */
import { isOn, msOf } from "../links.ts";
import type { ResolvedHop, Setting } from "../plan.ts";
import { type Check, canBe, fixOf, type Ladder, time } from "./check.ts";
import { kindsOf, streamHops } from "./governing.ts";
import { roundDownMs } from "./margin.ts";

/** Its permission lies below the period, because pings that were sent apart may arrive closer together. */
const permitted = 0.9;

const find = ({ settings }: ResolvedHop, role: string, side: "client" | "server"): Setting | null =>
  settings.find(({ knob }) => knob.role === role && knob.unit === "ms" && isOn(knob.side, side)) ?? null;

/** C4. */
export function pings(ladder: Ladder): Check[] {
  const perLink = ladder.links.flatMap((link) => {
    const [every, least] = [find(link.sender, "ping_every", "server"), find(link.receiver, "ping_min", "client")];
    return every === null || least === null ? [] : [pingCheck(link.sender.name, msOf(every.value), every, least)];
  });
  const { heartbeatMs, heartbeatOf } = ladder.streams;
  if (heartbeatOf !== "h2_ping" || heartbeatMs === undefined || !kindsOf(ladder).includes("grpc")) return perLink;
  const last = streamHops(ladder.hops).findLast((hop) => find(hop, "ping_min", "client") !== null);
  const least = last === undefined ? null : find(last, "ping_min", "client");
  return least === null ? perLink : [...perLink, pingCheck("the heartbeat", heartbeatMs, null, least)];
}

function pingCheck(who: string, everyMs: number, every: Setting | null, least: Setting): Check {
  const [longer, shorter] = [msOf(least.value), roundDownMs(everyMs * permitted)];
  return {
    rule: "C4",
    code: "ping_refused",
    severity: "error",
    where: `${who} -> ${least.hop}`,
    title: `${who} sends a PING every ${time(everyMs)}, ${least.hop} suffers one in ${time(longer)} and ends the connection at the third that comes too soon`,
    inequality: `${time(longer)} <= ${time(everyMs)}`,
    operands: [...(every === null ? [] : [every]), least],
    missing: everyMs === Number.POSITIVE_INFINITY ? 0 : longer - everyMs,
    fixes: [
      ...(shorter > 0 && canBe(least, shorter) ? [fixOf(least, shorter, "whoever reaches this server may ping it as often")] : []),
      ...(every !== null && canBe(every, longer) ? [fixOf(every, longer, `a dead connection is noticed after ${time(longer)} and more`)] : []),
    ],
  };
}
