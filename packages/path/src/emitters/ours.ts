/**
 * Options of Holdfast's own parts out of a plan. Guard asks one question about the hop before it, so that is what is answered; the timer that
 * follows is written beside it, and is never shorter than guard itself would have it.
 */
import { formatDuration } from "../duration.ts";
import type { Link, Plan, Setting } from "../plan.ts";
import type { EmittedHop } from "./hop.ts";
import type { Option } from "./literal.ts";

/** What guard adds to a proxy's timer where it knows no more: packages/guard/src/roles.ts. */
const behind = (idleMs: number): number => idleMs + Math.max(5_000, Math.ceil(idleMs / 10));

/** The timer as the plan would have it. */
function plannedMs(plan: Plan, setting: Setting | null): number | null {
  if (setting === null) return null;
  const value = plan.derived.find(({ hop, knob }) => hop === setting.hop && knob === setting.knob.name)?.value ?? setting.value;
  return typeof value === "number" ? value * (setting.knob.lastsTimes ?? 1) : null;
}

const linkTo = ({ plan, hop }: EmittedHop): Link | undefined => plan.links.find(({ receiver }) => receiver.name === hop.name);

/** Whom the hop faces and what follows: the options of guard that a path decides. */
export function guardOptionsOf(emitted: EmittedHop): Option[] {
  const { plan } = emitted;
  const link = linkTo(emitted);
  const sender = link?.sender;
  const role = sender === undefined || sender.product.kind === "browser" ? "browser" : "proxy";
  const idleMs = link === undefined ? null : plannedMs(plan, link.senderIdle);
  const own = link === undefined ? null : plannedMs(plan, link.receiverIdle);
  const bufferMs = link?.receiverBufferMs ?? 0;
  const proxied: Option[] =
    role === "browser" || idleMs === null
      ? []
      : [{ name: "proxyIdleMs", value: idleMs, why: `A1: ${sender?.name} keeps an idle connection for ${formatDuration(idleMs)}` }];
  const least = role === "browser" || idleMs === null ? 0 : behind(idleMs);
  const keepAliveMs = Math.max(least, own === null ? 0 : own + bufferMs);
  const kept: Option[] = keepAliveMs === 0 ? [] : [{ name: "keepAliveMs", value: keepAliveMs, why: keptWhy(idleMs, least, keepAliveMs) }];
  return [
    { name: "role", value: role, why: sender === undefined ? "nobody stands before it" : `${sender.name} connects to it` },
    ...proxied,
    ...kept,
    ...meant(emitted, ["headersMs", "requestMs", "idleMs", "ageMs", "requestsMax", "tcpKeepAliveMs", "connectionsMax"]),
  ];
}

const keptWhy = (idleMs: number | null, least: number, keptMs: number): string =>
  idleMs === null || least === 0 ? "as the path has it" : `A1: ${formatDuration(idleMs)} + ${formatDuration(keptMs - idleMs)} <= ${formatDuration(keptMs)}`;

/** Options that the hop's own knobs are called by, where the path or a rule says something of them. */
function meant(emitted: EmittedHop, names: readonly string[]): Option[] {
  return names.flatMap((name): Option[] => {
    const written = emitted.read(name);
    return written === null || !written.isMeant ? [] : [{ name, value: written.value, why: written.why }];
  });
}

/** The drain, for whatever is drained. */
export const drainOptionsOf = ({ drain }: Plan): Option[] => [
  { name: "unreadyMs", value: drain.unreadyMs, why: `S1: ${drain.why}` },
  { name: "drainMs", value: drain.drainMs, why: "S1: answers and streams that are under way, and their reconnects" },
];

export const beatOption = ({ streams }: Plan): Option => ({
  name: "heartbeatMs",
  value: streams.heartbeatMs,
  why:
    streams.silenceMs === null
      ? "C3: nothing on the path ends a silent stream; dead ends are found by it"
      : `C1: silence is cut after ${formatDuration(streams.silenceMs)}`,
});

/** What a pool of this process may keep, by the link that it sends on. */
export function poolOptionsOf(plan: Plan, sender: string): Option[] {
  const link = plan.links.find((one) => one.sender.name === sender);
  const idleMs = link === undefined ? null : plannedMs(plan, link.senderIdle);
  if (link === undefined || idleMs === null) return [];
  const kept = plannedMs(plan, link.receiverIdle);
  return [{ name: "idleMs", value: idleMs, why: `A1: ${link.receiver.name} keeps an idle connection for ${kept === null ? "ever" : formatDuration(kept)}` }];
}
