/**
 * P2: all pools together, a deploy's surge included, open no more connections than their other end takes. Pure.
 */
import { isOn } from "../links.ts";
import type { Link, PoolPlan, ResolvedHop, Setting } from "../plan.ts";
import { between, type Check, canBe, fixOf, type Ladder } from "./check.ts";
import { isDatabase } from "./reuse.ts";

/** A link whose sender has a pool of a size that is known. */
interface Sized {
  readonly link: Link;
  /** What adds up to one pool: its size, and what it may add under pressure. */
  readonly sizes: readonly Setting[];
  readonly pools: number;
  readonly others: number;
  readonly most: Setting | null;
  readonly reserved: readonly Setting[];
}

const withRole = ({ settings }: ResolvedHop, role: string, side: "client" | "server"): Setting[] =>
  settings.filter(({ knob, value }) => knob.role === role && isOn(knob.side, side) && typeof value === "number");

const sum = (settings: readonly Setting[]): number => settings.reduce((total, { value }) => total + Number(value), 0);

/** A deploy adds replicas of the application, not of what stands before or behind it. */
const surgeOf = (surge: number, { product }: ResolvedHop): number => (product.kind === "runtime" || product.kind === "client" ? surge : 0);

function sizedOf({ needs }: Ladder, link: Link): Sized | null {
  const { sender, receiver } = link;
  const sizes = withRole(sender, "pool_max", "server");
  if (sizes.length === 0 || sum(sizes) === 0) return null;
  const surge = surgeOf(needs.surge, sender);
  const pairs = sender.product.kind === "pooler" ? needs.databasePairs : 1;
  return {
    link,
    sizes,
    pools: (sender.replicas + surge) * sender.processes * pairs,
    others: receiver.product.kind === "database" ? needs.otherConnections : 0,
    most: withRole(receiver, "connections_max", "client")[0] ?? null,
    reserved: withRole(receiver, "reserved", "client"),
  };
}

const usedOf = ({ sizes, pools, others }: Sized): number => sum(sizes) * pools + others;
/** A proxy takes users and servers out of one number: only half of it is for either. */
const limitOf = ({ link: { receiver }, most, reserved }: Sized): number | null =>
  most === null ? null : (Math.floor(Number(most.value) / (most.knob.side === "both" ? 2 : 1)) * receiver.processes - sum(reserved)) * receiver.replicas;

export function planPools(ladder: Ladder): PoolPlan[] {
  return ladder.links.flatMap((link) => {
    const sized = sizedOf(ladder, link);
    if (sized === null) return [];
    const limit = limitOf(sized);
    return [
      {
        sender: link.sender.name,
        receiver: link.receiver.name,
        connectionsMax: usedOf(sized),
        sum: sumWords(ladder, sized),
        limit,
        limitSum: limit === null ? "no limit that is known" : limitWords(sized),
      },
    ];
  });
}

function sumWords({ needs }: Ladder, { link: { sender }, sizes, others }: Sized): string {
  const isPooler = sender.product.kind === "pooler";
  const surge = surgeOf(needs.surge, sender);
  const replicas = surge > 0 ? `(${sender.replicas} replicas + ${surge} in a deploy)` : `${sender.replicas} ${sender.replicas === 1 ? "replica" : "replicas"}`;
  const factors = [
    replicas,
    ...(sender.processes > 1 ? [`${sender.processes} processes`] : []),
    ...(isPooler && needs.databasePairs > 1 ? [`${needs.databasePairs} pairs of database and user`] : []),
    `${sizes.map(({ knob, value }) => `${knob.name} ${value}`).join(" + ")}`,
  ];
  return `${factors.join(" x ")}${others > 0 ? ` + ${others} others` : ""}`;
}

function limitWords({ link: { receiver }, most, reserved }: Sized): string {
  const halved = most?.knob.side === "both" ? " / 2 sides" : "";
  const processes = receiver.processes > 1 ? ` x ${receiver.processes} processes` : "";
  const kept = reserved.map(({ knob, value }) => ` - ${knob.name} ${value}`).join("");
  const replicas = receiver.replicas > 1 ? `, x ${receiver.replicas} replicas` : "";
  return `${most?.knob.name} ${most?.value}${halved}${processes}${kept}${replicas}`;
}

/** P2. */
export function counts(ladder: Ladder): Check[] {
  return ladder.links.flatMap((link) => {
    const sized = sizedOf(ladder, link);
    const limit = sized === null ? null : limitOf(sized);
    return sized === null || limit === null || sized.most === null ? [] : [countCheck(sized, sized.most, limit)];
  });
}

function countCheck(sized: Sized, most: Setting, limit: number): Check {
  const { link, sizes, pools, others, reserved } = sized;
  const used = usedOf(sized);
  const size = sizes[0] as Setting;
  const lowered = Math.floor((limit - others) / pools) - sum(sizes.slice(1));
  const raised = (Math.ceil(used / link.receiver.replicas / link.receiver.processes) + sum(reserved)) * (most.knob.side === "both" ? 2 : 1);
  return {
    rule: "P2",
    code: "pool_too_large",
    severity: isDatabase(link) ? "error" : "warning",
    where: between(link),
    title: `The pools of ${link.sender.name} may open ${used} connections, ${link.receiver.name} takes ${limit}`,
    inequality: `${pools} x ${sum(sizes)}${others > 0 ? ` + ${others}` : ""} <= ${limit}`,
    operands: [...sizes, most, ...reserved],
    missing: used - limit,
    fixes: [
      ...(lowered >= 1 && canBe(size, lowered) ? [fixOf(size, lowered, "under load requests wait for a connection rather than the database for a core")] : []),
      ...(canBe(most, raised) ? [fixOf(most, raised, `memory of ${most.hop} for each connection; a database gets slower with more of them than cores`)] : []),
    ],
  };
}
