/**
 * A sysctl.d file out of a plan, for the hosts (or containers) of the hops that are one's own. It never claims more than the kernel does: probes are
 * opt-in for each socket, and all of it holds in one network namespace only.
 */
import { formatDuration } from "../duration.ts";
import type { Plan, PoolPlan, Setting } from "../plan.ts";
import type { Line } from "./directives.ts";
import { type EmitOptions, type EmittedHop, hopOf, plain } from "./hop.ts";

/** Where no box of the path demands less: a dead peer is noticed in two minutes. */
const usual = { idleMs: 60_000, intervalMs: 10_000, probes: 6 };
/** Ports that the kernel gives out by default, 32768 to 60999. */
const portsByDefault = 28_232;
const somaxconnByDefault = 4_096;

const shortestFlow = ({ links }: Plan): Setting | null =>
  links
    .flatMap(({ flowIdle }) => (flowIdle === null || typeof flowIdle.value !== "number" ? [] : [flowIdle]))
    .sort((a, b) => Number(a.value) - Number(b.value))[0] ?? null;

/** A2: the first probe by half of what the shortest memory lasts, the last one within it. */
function probes(plan: Plan): { readonly idle: number; readonly interval: number; readonly why: string } {
  const flow = shortestFlow(plan);
  const usually = { idle: usual.idleMs / 1_000, interval: usual.intervalMs / 1_000 };
  if (flow === null) return { ...usually, why: "no box of this path forgets flows: dead peers are noticed" };
  const seconds = Number(flow.value) / 1_000;
  const idle = Math.max(1, Math.min(usually.idle, Math.floor(seconds / 2)));
  const interval = Math.max(1, Math.min(usually.interval, Math.floor((seconds - idle) / usual.probes)));
  return { idle, interval, why: `A2: ${idle} s + ${usual.probes} x ${interval} s <= ${formatDuration(Number(flow.value))} of ${flow.hop}` };
}

/** The pool with most connections, if there is one. */
const largest = (pools: readonly PoolPlan[]): PoolPlan | null => pools.toSorted((a, b) => b.connectionsMax - a.connectionsMax)[0] ?? null;

/** A knob of a kernel that stands on the path, by its sysctl name. */
function declared(plan: Plan, options: EmitOptions): EmittedHop | null {
  return plan.hops.some(({ product }) => product.kind === "kernel")
    ? hopOf(plan, [...new Set(plan.hops.filter(({ product }) => product.kind === "kernel").map(({ product }) => product.id))], options)
    : null;
}

export function emitSysctl(plan: Plan, options: EmitOptions = {}): string {
  const kernel = declared(plan, options);
  const { idle, interval, why } = probes(plan);
  const line = (name: string, value: string | number, reason: string): Line => {
    const written = [name, name.split(".").at(-1) as string].map((knob) => kernel?.read(knob) ?? null).find((one) => one?.isMeant === true);
    if (written === undefined || written === null) return [`${name} = ${value}`, reason];
    const isTime = kernel?.hop.product.knobs.some((knob) => name.endsWith(knob.name) && knob.unit === "ms") === true;
    return [`${name} = ${isTime ? Math.ceil(Number(written.value) / 1_000) : String(written.value)}`, written.why];
  };
  const pool = largest(plan.pools);
  const many = pool?.connectionsMax ?? 0;
  const lines: Line[] = [
    [`# sysctl.d for the hosts of the path ${plain(plan.hops.map(({ name }) => name).join(" -> "))}.`, ""],
    ["# All of these hold in one network namespace: a container has its own, so set them there (Kubernetes: securityContext.sysctls).", ""],
    ["", ""],
    ["# TCP probes. Opt-in for each socket (SO_KEEPALIVE): nothing changes for one that did not ask, or that has times of its own.", ""],
    ["# They keep flows warm in boxes below TCP; no proxy and no balancer that speaks HTTP counts them.", ""],
    line("net.ipv4.tcp_keepalive_time", idle, why),
    line("net.ipv4.tcp_keepalive_intvl", interval, ""),
    line("net.ipv4.tcp_keepalive_probes", usual.probes, "none is sent while data is not acknowledged: tcp_retries2 decides then"),
    ["", ""],
    line(
      "net.core.somaxconn",
      backlog(many),
      `connections that wait for accept: ${pool === null ? "the kernel's default since 5.4" : `at most ${many} come from ${pool.sender}`}; the smaller of this and listen's own figure holds`,
    ),
    line("net.ipv4.ip_local_port_range", ports(many), portsWhy(pool)),
    line("net.ipv4.tcp_slow_start_after_idle", 0, "a kept connection would start slowly again after each pause, as a new one does"),
  ];
  // sysctl.d takes comments on lines of their own only.
  return `${lines.flatMap(([text, reason]) => (reason === "" ? [text] : [`# ${plain(reason)}`, text])).join("\n")}\n`;
}

const backlog = (connections: number): number => Math.max(somaxconnByDefault, 2 ** Math.ceil(Math.log2(Math.max(1, Math.min(connections, 65_535)))));

const ports = (connections: number): string => (connections > portsByDefault * 0.8 ? "1024 65535" : "32768 60999");

function portsWhy(pool: PoolPlan | null): string {
  if (pool === null) return `the default: ${portsByDefault} connections at once to one address and port`;
  const { connectionsMax, sender, receiver } = pool;
  if (connectionsMax <= portsByDefault * 0.8)
    return `the default: ${portsByDefault} ports are enough for ${connectionsMax} connections of ${sender} to ${receiver}`;
  return `P2: up to ${connectionsMax} connections of ${sender} to one address of ${receiver}; name the ports that services listen on in ip_local_reserved_ports`;
}
