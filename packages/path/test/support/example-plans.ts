/**
 * A long path with everything on it that a picture can show, written by hand.
 */
import type { Plan, ResolvedHop, Violation } from "../../src/plan.ts";
import { hop, link, plan, settingOf } from "./hand-plan.ts";

export function longPlan(): Plan {
  const browser = hop("browser", "browser", { "pool idle": { value: 300_000 } });
  const cdn = hop("cloudflare", "cdn", {
    "client keep-alive": { value: 400_000 },
    "origin idle": { value: 900_000 },
    read: { value: 120_000, classes: ["B", "C"] },
  });
  const alb = hop("alb", "balancer", { idle_timeout: { value: 60_000, classes: ["A", "B", "C"] } }, { product: { name: "AWS ALB" } });
  const nginx = hop(
    "nginx",
    "proxy",
    {
      keepalive_timeout: { value: 75_000 },
      "upstream keepalive_timeout": { value: 60_000 },
      proxy_read_timeout: { value: 60_000, classes: ["B", "C"] },
      send_timeout: { value: 60_000, classes: ["B"] },
      "stream proxy_timeout": { value: 600_000, classes: ["C"] },
    },
    { version: "1.29.7", replicas: 3, processes: 4 },
  );
  const node = hop("app", "runtime", { keepAliveTimeout: { value: 5_000 }, "pool idle": { value: 10_000 } }, { product: { name: "Node" }, version: "26" });
  const nat = hop("nat gateway", "flow", { idle: { value: 350_000, classes: ["D"] } });
  const bouncer = hop("pgbouncer", "pooler", { client_idle_timeout: { value: "never" }, server_idle_timeout: { value: 600_000 } });
  const postgres = hop("postgres", "database", { idle_session_timeout: { value: "never" } });
  const violations = broken({ cdn, alb, nginx, node, bouncer, nat });
  return plan({
    hops: [browser, cdn, alb, nginx, node, bouncer, nat, postgres],
    links: [
      link(browser, cdn, ["pool idle", "client keep-alive"]),
      link(cdn, alb, ["origin idle", "idle_timeout"]),
      link(alb, nginx, ["idle_timeout", "keepalive_timeout"]),
      link(nginx, node, ["upstream keepalive_timeout", "keepAliveTimeout"]),
      link(node, bouncer, ["pool idle", "client_idle_timeout"]),
      link(bouncer, postgres, ["server_idle_timeout", "idle_session_timeout"], { boxes: [nat], flowIdle: settingOf(nat, "idle") }),
    ],
    violations,
    derived: [
      { hop: "app", knob: "keepAliveTimeout", value: 65_000, unit: "ms", rule: "A1", why: "60 s + 6 s <= 65 s + 1 s", changed: true },
      { hop: "pgbouncer", knob: "server_idle_timeout", value: 300_000, unit: "ms", rule: "A2", why: "300 s + 30 s <= 350 s", changed: true },
      { hop: "alb", knob: "idle_timeout", value: 990_000, unit: "ms", rule: "A1", why: "900 s + 90 s <= 990 s", changed: true },
    ],
    streams: { limitedBy: settingOf(nginx, "proxy_read_timeout"), reconnectMs: { from: 2_916_000, to: 3_240_000 } },
  });
}

interface Broken {
  readonly cdn: ResolvedHop;
  readonly alb: ResolvedHop;
  readonly nginx: ResolvedHop;
  readonly node: ResolvedHop;
  readonly bouncer: ResolvedHop;
  readonly nat: ResolvedHop;
}

function broken({ cdn, alb, nginx, node, bouncer, nat }: Broken): Violation[] {
  const race: Violation = {
    rule: "A1",
    severity: "error",
    code: "keepalive_race",
    where: "nginx -> app",
    title: "app ends kept connections 54 s before nginx gives them up: requests fail by a race",
    inequality: "60 s + 6 s <= 6 s",
    operands: [settingOf(nginx, "upstream keepalive_timeout"), settingOf(node, "keepAliveTimeout")],
    missing: 60_000,
    grade: "measured",
    fixes: [
      { hop: "app", knob: "keepAliveTimeout", value: 65_000, unit: "ms", cost: "idle connections cost descriptors for longer" },
      { hop: "nginx", knob: "upstream keepalive_timeout", value: 1_000, unit: "ms", cost: "more connections are opened" },
    ],
  };
  const chain: Violation = {
    ...race,
    severity: "warning",
    where: "cloudflare -> alb",
    title: "the balancer gives up before the CDN does",
    inequality: "900 s + 90 s <= 60 s",
    operands: [settingOf(cdn, "origin idle"), settingOf(alb, "idle_timeout")],
    fixes: [],
  };
  const flow: Violation = {
    ...race,
    rule: "A2",
    severity: "error",
    code: "flow_forgets",
    where: "pgbouncer -> postgres",
    title: "nat gateway forgets a flow that pgbouncer still means to use",
    inequality: "600 s + 60 s <= 350 s",
    operands: [settingOf(bouncer, "server_idle_timeout"), settingOf(nat, "idle")],
    fixes: [],
  };
  return [race, chain, flow];
}
