/**
 * A2: a box below TCP forgets a flow that is silent for too long, and tells nobody or only whoever writes next. So idle connections end
 * before it does, or TCP keepalive of either end reminds it in time. Pure.
 */
import { isOn, lastsMs, msOf } from "../links.ts";
import type { Fix, Link, ResolvedHop, Setting } from "../plan.ts";
import { between, type Check, canBe, fixOf, type Ladder, time } from "./check.ts";
import { marginMs, roundDownMs, roundUpMs, senderAtMostMs } from "./margin.ts";

/** TCP keepalive of one end of a link. */
interface Probes {
  readonly hop: ResolvedHop;
  readonly switch: Setting | null;
  readonly idle: Setting | null;
  /** From the last byte to the moment at which a dead peer is given up. */
  readonly idleMs: number;
  readonly detectMs: number;
}

function probesOf(hop: ResolvedHop, side: "client" | "server"): Probes {
  const find = (role: string): Setting | null =>
    hop.settings.find(({ knob }) => knob.role === role && (isOn(knob.side, side) || knob.side === "through")) ?? null;
  const [switched, idle, interval, count] = [find("probe_switch"), find("probe_idle"), find("probe_interval"), find("probe_count")];
  const isOff = idle === null || switched?.value === false || idle.value === 0;
  const idleMs = isOff ? Number.POSITIVE_INFINITY : msOf(idle.value);
  return { hop, switch: switched, idle, idleMs, detectMs: idleMs + (interval === null ? 0 : msOf(interval.value)) * Number(count?.value ?? 1) };
}

export const flows = ({ links }: Ladder): Check[] =>
  links.flatMap((link) => (link.flowIdle === null || link.reuse !== true ? [] : flowCheck(link, link.flowIdle)));

function flowCheck(link: Link, flow: Setting): Check[] {
  const sender = link.senderIdle;
  if (sender === null) return [];
  const forgetsMs = msOf(flow.value);
  // Whoever ends it first ends it before the box forgets; which of the two that is, is a matter of A1.
  const keptMs = link.receiverIdle === null ? Number.POSITIVE_INFINITY : msOf(link.receiverIdle.value);
  const idleMs = Math.min(lastsMs(sender), keptMs);
  const ends = [probesOf(link.sender, "server"), probesOf(link.receiver, "client")];
  const reminder = flow.knob.resetBy?.layer === "packet" ? ends.find((probes) => reminds(probes, forgetsMs)) : undefined;
  const marginOfIdle = Number.isFinite(idleMs) ? marginMs(link, idleMs) : 0;
  const isMissing = reminder === undefined && Number.isFinite(forgetsMs) ? idleMs + marginOfIdle - forgetsMs : 0;
  const silent = flow.knob.ends?.includes("silent") === true;
  return [
    {
      rule: "A2",
      code: "flow_forgets",
      severity: "error",
      where: between(link),
      title: `${flow.hop} forgets a silent flow after ${time(forgetsMs)}${silent ? " and tells neither end" : ""}, ${sender.hop} may still send on it ${Number.isFinite(idleMs) ? `until ${time(idleMs)}` : "at any time"}`,
      inequality:
        reminder === undefined
          ? `${time(idleMs)}${Number.isFinite(idleMs) ? ` + ${time(marginOfIdle)}` : ""} <= ${time(forgetsMs)}`
          : `TCP keepalive of ${reminder.hop.name} after ${time(reminder.idleMs)}, given up at ${time(reminder.detectMs)} <= ${time(forgetsMs)}`,
      operands: [sender, flow, ...(reminder?.idle === undefined || reminder.idle === null ? [] : [reminder.idle])],
      missing: isMissing,
      fixes: isMissing > 0 ? flowFixes(link, sender, flow, ends, forgetsMs, idleMs) : [],
    },
  ];
}

/** A probe comes twice before the box forgets, and a dead peer is noticed before. */
const reminds = ({ idleMs, detectMs }: Probes, forgetsMs: number): boolean => idleMs <= forgetsMs / 2 && detectMs <= forgetsMs;

function flowFixes(link: Link, sender: Setting, flow: Setting, ends: readonly Probes[], forgetsMs: number, idleMs: number): Fix[] {
  const lowered = senderAtMostMs(link, forgetsMs, sender.knob.lastsTimes);
  const fixes: Fix[] = [];
  if (lowered > 0 && canBe(sender, lowered)) {
    fixes.push(fixOf(sender, lowered, `after ${time(lowered)} of silence ${sender.hop} connects anew: a handshake`));
  }
  if (flow.knob.resetBy?.layer === "packet") fixes.push(...ends.flatMap((probes) => probeFix(probes, forgetsMs)));
  const raised = Number.isFinite(idleMs) ? roundUpMs(idleMs + marginMs(link, idleMs)) : Number.NaN;
  if (canBe(flow, raised)) fixes.push(fixOf(flow, raised, `${flow.hop} remembers flows of dead peers for longer`));
  return fixes;
}

/** One step towards probes that come in time: the switch, then the delay. */
function probeFix(probes: Probes, forgetsMs: number): Fix[] {
  const cost = "a packet each way per idle connection and delay; no proof that the application at the other end lives";
  const { switch: switched, idle } = probes;
  if (switched !== null && switched.value === false && switched.knob.fixed !== true) return [fixOf(switched, true, cost)];
  if (idle === null) return [];
  const spent = Number.isFinite(probes.detectMs) ? probes.detectMs - probes.idleMs : 0;
  const value = Math.min(60_000, roundDownMs(Math.min(forgetsMs / 2, forgetsMs - spent)));
  return value > 0 && value !== idle.value && canBe(idle, value) ? [fixOf(idle, value, cost)] : [];
}
