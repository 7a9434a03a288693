/**
 * Who speaks to whom on a path: its links, with the idle timers that meet on each. Pure.
 * Boxes below TCP are no ends of links: they belong to the link that they carry. A client library belongs to the process before it.
 */
import type { DeclaredPath } from "./declared.ts";
import type { Side, Value } from "./knob.ts";
import type { Link, ResolvedHop, Setting } from "./plan.ts";

/** A link towards users may cross an ocean and lose a packet; between one's own hops it may lose one. */
const rttDefaultMs = { user: 1_000, inside: 200 } as const;

/** Whether a hop only carries packets. */
export const isBox = ({ product }: ResolvedHop): boolean => product.kind === "flow" || product.kind === "kernel";

const databases: readonly string[] = ["pooler", "database", "cache"];

/** Whether a link comes from users: from a browser or somebody's client that stands first, and not to a database. */
const isUsers = (sender: ResolvedHop, receiver: ResolvedHop, first: ResolvedHop | undefined): boolean =>
  sender === first && ["browser", "client"].includes(sender.product.kind) && !databases.includes(receiver.product.kind);

/** The links of a path, from the user inward. */
export function linksOf(hops: readonly ResolvedHop[], rttMs: DeclaredPath["rttMs"]): Link[] {
  const links: Link[] = [];
  const first = hops.find((hop) => !isBox(hop));
  let sender: ResolvedHop | null = null;
  let boxes: ResolvedHop[] = [];
  for (const hop of hops) {
    if (isBox(hop)) {
      boxes.push(hop);
      continue;
    }
    if (sender !== null && hop.product.kind !== "client") {
      links.push(linkOf(sender, hop, boxes, isUsers(sender, hop, first) ? (rttMs?.user ?? rttDefaultMs.user) : (rttMs?.inside ?? rttDefaultMs.inside)));
    }
    sender = hop;
    boxes = [];
  }
  return links;
}

function linkOf(sender: ResolvedHop, receiver: ResolvedHop, boxes: readonly ResolvedHop[], rttMs: number): Link {
  const [senderIdle, receiverIdle] = [idleOf(sender, "server"), idleOf(receiver, "client")];
  return {
    sender,
    receiver,
    boxes,
    rttMs,
    reuse: reuseOf(sender, receiver, senderIdle, receiverIdle),
    senderIdle,
    receiverIdle,
    flowIdle: shortest(
      boxes.flatMap(({ settings }) => settings.filter(({ knob }) => knob.unit === "ms" && knob.classes.includes("D") && knob.streams?.length !== 0)),
    ),
    receiverBufferMs: Number(receiver.settings.find(({ knob }) => knob.role === "buffer" && isOn(knob.side, "client"))?.value ?? 0),
  };
}

/** Whether a knob of that side has a say on the given link of its hop. */
export const isOn = (side: Side, link: "client" | "server"): boolean => side === link || side === "both";

function idleOf({ settings }: ResolvedHop, side: "client" | "server"): Setting | null {
  return shortest(settings.filter(({ knob }) => knob.unit === "ms" && knob.role !== "buffer" && knob.classes.includes("A") && isOn(knob.side, side)));
}

/** The one that fires first; null where there is none. */
export function shortest(settings: readonly Setting[]): Setting | null {
  return settings.reduce<Setting | null>((least, setting) => (least === null || msOf(setting.value) < msOf(least.value) ? setting : least), null);
}

/** For how long an idle connection may last by that timer. */
export const lastsMs = ({ knob, value }: Setting): number => msOf(value) * (knob.lastsTimes ?? 1);

/** A time as a number, so that "never" compares. */
export const msOf = (value: Value): number => (typeof value === "number" ? value : Number.POSITIVE_INFINITY);

/** Null: nothing is known of the sender's pool. */
function reuseOf(sender: ResolvedHop, receiver: ResolvedHop, senderIdle: Setting | null, receiverIdle: Setting | null): boolean | null {
  const switchedOff =
    sender.settings.some((setting) => isOn(setting.knob.side, "server") && isOff(setting)) ||
    receiver.settings.some((setting) => isOn(setting.knob.side, "client") && isOff(setting));
  if (switchedOff || senderIdle?.value === 0 || receiverIdle?.value === 0) return false;
  return senderIdle === null ? null : true;
}

const isOff = ({ knob, value }: Setting): boolean =>
  knob.offAt?.includes(value) === true || (value === 0 && knob.zeroIs === "off" && knob.classes.includes("A"));
