/**
 * L1: descriptors, connections of a process and port numbers for as many users as the path says are connected at the same time. Pure.
 * Without that number nothing is judged.
 */
import { isOn } from "../links.ts";
import type { ResolvedHop, Setting } from "../plan.ts";
import { type Check, canBe, fixOf, type Ladder } from "./check.ts";
import { streamHops } from "./governing.ts";

/** Listeners, files, a deploy that overlaps. */
const headroom = 1.1;
const filesOfProcess = 100;

/** What stands behind users and takes their connections, a proxy twice. */
const sidesOf = ({ product }: ResolvedHop): number => (product.kind === "runtime" ? 1 : 2);

const limitsDescriptors = ({ knob, value }: Setting): boolean => knob.role === "descriptors" && typeof value === "number";

/** The hop's own settings, and those of the kernel that stands right behind it in the path. A limit that the hop gives itself holds in place of the kernel's. */
function withHost(ladder: Ladder, hop: ResolvedHop): readonly Setting[] {
  const next = ladder.hops[ladder.hops.indexOf(hop) + 1];
  if (next?.product.kind !== "kernel") return hop.settings;
  const ofHost = hop.settings.some(limitsDescriptors) ? next.settings.filter((setting) => !limitsDescriptors(setting)) : next.settings;
  return [...hop.settings, ...ofHost];
}

/** L1. */
export function limits(ladder: Ladder): Check[] {
  const users = ladder.needs.connections;
  if (users === null) return [];
  const hops = streamHops(ladder.hops).filter(({ product }) => ["proxy", "runtime"].includes(product.kind));
  return hops.flatMap((hop) => withHost(ladder, hop).flatMap((setting) => limitCheck(ladder, hop, setting, Math.ceil(users / hop.replicas))));
}

/** What one limit must be for so many users of a replica; null: it has nothing to do with users. */
function neededOf(ladder: Ladder, hop: ResolvedHop, { knob }: Setting, users: number): { needed: number; sum: string } | null {
  const of = (base: number, plus: number, words: string): { needed: number; sum: string } => ({ needed: Math.ceil(base * headroom) + plus, sum: words });
  const perProcess = Math.ceil(users / hop.processes);
  const share = hop.processes > 1 ? `${users} / ${hop.processes} processes` : String(users);
  if (knob.role === "connections_max" && isOn(knob.side, "client")) {
    const sides = knob.side === "both" ? sidesOf(hop) : 1;
    return of(perProcess * sides, 0, `1.1 x ${share}${sides > 1 ? ` x ${sides} sides` : ""}`);
  }
  if (knob.role === "descriptors")
    return of(perProcess * sidesOf(hop), filesOfProcess, `1.1 x ${share}${sidesOf(hop) > 1 ? ` x ${sidesOf(hop)} sides` : ""} + ${filesOfProcess}`);
  const behind = ladder.links.find(({ sender }) => sender === hop)?.receiver;
  if (knob.role === "ports" && behind !== undefined) return of(users / behind.replicas, 0, `1.1 x ${users} / ${behind.replicas} addresses of ${behind.name}`);
  return null;
}

function limitCheck(ladder: Ladder, hop: ResolvedHop, setting: Setting, users: number): Check[] {
  const wanted = neededOf(ladder, hop, setting, users);
  if (wanted === null || typeof setting.value !== "number") return [];
  const { needed, sum } = wanted;
  const raised = Math.ceil(needed / 100) * 100;
  return [
    {
      rule: "L1",
      code: "limit_too_low",
      severity: "error",
      where: hop.name,
      title: `${setting.knob.name} of ${setting.hop} is ${setting.value}, ${users} users on a replica of ${hop.name} need ${needed}`,
      inequality: `${sum} <= ${setting.value}`,
      operands: [setting],
      missing: needed - setting.value,
      fixes: canBe(setting, raised) ? [fixOf(setting, raised, "memory for each connection that it then takes")] : [],
    },
  ];
}
