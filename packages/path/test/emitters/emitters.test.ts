import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DeclaredHop, type DeclaredPath, type Plan, planPath, type Value } from "@holdfast/path";
import { type EmitTool, emitters } from "@holdfast/path/emit";
import { lintFiles } from "@holdfast/path/lint";
import fc from "fast-check";

const hop = (product: string, values: DeclaredHop["values"] = {}, more: Partial<DeclaredHop> = {}): DeclaredHop => ({
  name: product,
  product,
  values,
  ...more,
});
const path = (...hops: DeclaredHop[]): DeclaredPath => ({ hops });
const common = planPath(path(hop("chrome"), hop("aws-alb"), hop("nginx", {}, { processes: 4 }), hop("node")));

/** The value that the plan wants there, or leaves there. */
function wanted({ derived, hops }: Plan, name: string, knob: string): Value | undefined {
  return (
    derived.find((one) => one.hop === name && one.knob === knob)?.value ??
    hops.find((one) => one.name === name)?.settings.find((one) => one.knob.name === knob)?.value
  );
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, d: 86_400_000 };
/** The ms of a directive, as its tool reads it. */
function msOf(text: string, directive: RegExp): number {
  const found = directive.exec(text);
  assert.ok(found !== null, `no ${directive} in ${text}`);
  const [, amount, unit] = found;
  return Number(amount) * (unitMs[unit as string] as number);
}

describe("emitted configurations", () => {
  it("say the hop, the path and the reason of each value", () => {
    const text = emitters.nginx(common);
    assert.match(text, /^# nginx\.conf for nginx \(nginx 1\.29\.7\) on the path chrome -> aws-alb -> nginx -> node\./);
    assert.match(text, /keepalive_timeout 60s; +# A1: nginx -> node: 60 s \+ 6 s <= 67 s/);
    assert.match(emitters.node(common), /keepAliveTimeout = 66_000; +\/\/ A1: .*; was 5 s/);
    for (const line of text.split("\n")) {
      if (/^\s+\w*(timeout|keepalive|requests|time)\w* \d/.test(line)) assert.match(line, /# \S/, "each quantity has its reason");
    }
  });

  it("are nothing that lint would object to, but for how many connections nginx may hold where the path does not say it", () => {
    const paths = [
      path(hop("browser"), hop("nginx"), hop("node")),
      path(hop("cloudflare"), hop("aws-alb"), hop("nginx", { "upstream keepalive": 16 }, { version: "1.22.1" }), hop("haproxy"), hop("node")),
      path(hop("envoy"), hop("haproxy", { "timeout http-keep-alive": 300 }), hop("caddy"), hop("node")),
      path(hop("browser"), hop("caddy", {}, { version: "2.6.2" }), hop("nginx"), hop("node")),
    ];
    for (const plan of paths.map(planPath)) {
      for (const tool of ["nginx", "haproxy", "caddy", "sysctl"] as const) {
        if (tool !== "sysctl" && !plan.hops.some(({ product }) => product.id === tool)) continue;
        const version = plan.hops.find(({ product }) => product.id === tool)?.version;
        const file = { file: tool, text: emitters[tool](plan) };
        const { findings } = lintFiles([file], { as: tool, versions: version ? { [tool]: version } : {}, path: null });
        assert.deepEqual(
          findings
            .filter(({ finding }) => finding.severity !== "info" && finding.code !== "nginx_worker_connections_low")
            .map(({ finding }) => `${finding.code}: ${finding.title}`),
          [],
          file.text,
        );
      }
    }
  });

  it("end what is dead where HAProxy has no default, later than the pool in front gives up", () => {
    const of = (sender: string): string => emitters.haproxy(planPath(path(hop(sender), hop("haproxy"), hop("node"))));
    assert.match(of("nginx"), /timeout connect 5s [\s\S]*timeout client 3600s [\s\S]*timeout server 3600s /);
    const plan = planPath(path(hop("envoy"), hop("haproxy"), hop("node")));
    assert.ok(msOf(emitters.haproxy(plan), /timeout client (\d+)(s)/) >= Number(wanted(plan, "envoy", "idle_timeout")) * 1.1);
    assert.match(emitters.haproxy(planPath(path(hop("haproxy", { "timeout connect": 3_000 }), hop("node")))), /timeout connect 3s +# as declared/);
  });

  it("mark addresses that nobody gave, and only those", () => {
    assert.match(emitters.nginx(common), /listen 127\.0\.0\.1:8080; +# CHANGE/);
    const given = emitters.nginx(common, { listen: "0.0.0.0:80", to: "app.internal:3000" });
    assert.match(given, /listen 0\.0\.0\.0:80;/);
    assert.match(given, /server app\.internal:3000;/);
    assert.doesNotMatch(given, /CHANGE/);
  });

  it("keep the map of upgrades from closing ordinary connections, and streams out of buffers", () => {
    const text = emitters.nginx(common, { streams: "/live" });
    assert.match(text, /'' {6}'';/);
    assert.match(text, /location \/live \{[^}]*proxy_buffering off;/);
    const without = emitters.nginx(planPath(path(hop("nginx", { "upstream keepalive": 0 }), hop("node"))));
    assert.match(without, /'' {6}close;/);
    assert.match(without, /keepalive 0;/);
    assert.doesNotMatch(without, /keepalive_timeout 60s; .*A1: nginx -> node/);
  });

  it("are for the named hop, or the first and say which others there are", () => {
    const two = planPath(path({ ...hop("nginx"), name: "outer" }, { ...hop("nginx", { keepalive_timeout: 200_000 }), name: "inner" }, hop("node")));
    assert.match(emitters.nginx(two), /for outer .*\n.*\n.*further hops of this product, for which this is not: inner\./);
    assert.match(emitters.nginx(two, { hop: "inner" }), /for inner .*\n[\s\S]*keepalive_timeout 200s;/);
  });

  for (const tool of ["nginx", "haproxy", "caddy", "node", "holdfast", "serve"] as const satisfies EmitTool[]) {
    it(`of ${tool} are refused for a path without such a hop, by the names of those that it has`, () => {
      const other = planPath(path(hop("envoy"), hop("traefik")));
      assert.throws(() => emitters[tool](other), {
        name: "PathError",
        message: /expected a hop of this path that is .*, got envoy \(envoy\), traefik \(traefik\)/,
      });
    });
  }

  it("take nothing for an address or a path that could be a directive", () => {
    for (const options of [{ listen: "80; load_module x" }, { to: "a:1\nserver b:2" }, { streams: "/a { }" }, { listen: "80" }]) {
      assert.throws(() => emitters.nginx(common, options), { name: "PathError" });
    }
  });

  it("carry no line of a path's names out of their comments", () => {
    const plan = planPath({
      hops: [
        { ...hop("nginx"), name: "a\n} load_module x;" },
        { ...hop("node"), name: "b\nprocess.exit(1)" },
      ],
    });
    assert.doesNotMatch(emitters.nginx(plan), /^} load_module/m);
    assert.doesNotMatch(emitters.node(plan), /^process\.exit/m);
    assert.doesNotMatch(emitters.sysctl(plan), /^} load_module/m);
  });

  it("write what a version does not know as a comment", () => {
    const at = (version: string): string => emitters.caddy(planPath(path(hop("caddy", { stream_close_delay: 60_000 }, { version }), hop("node"))));
    assert.match(at("2.6.2"), /# stream_close_delay needs version 2\.7\.0/);
    assert.match(at("2.9.0"), /^\t\tstream_close_delay 60s/m);
  });

  it("give guard the one answer that it asks for, HAProxy's pool by all of its halves", () => {
    assert.match(emitters.holdfast(common), /proxyIdleMs: 60_000,.*\n {2}keepAliveMs: 67_000,/);
    const behind = emitters.node(planPath(path(hop("haproxy"), hop("node"))));
    assert.match(behind, /proxyIdleMs: 50_000,/);
    assert.deepEqual(JSON.parse(emitters.serve(common, { listen: "127.0.0.1:4150" })), {
      host: "127.0.0.1",
      port: 4150,
      role: "proxy",
      proxyIdleMs: 60_000,
      keepAliveMs: 67_000,
      heartbeatMs: 12_000,
      unreadyMs: 10_000,
      drainMs: common.drain.drainMs,
    });
  });

  it("probe a flow twice before its box forgets it, and say where probes do nothing", () => {
    const text = emitters.sysctl(planPath(path(hop("node"), hop("aws-nat-gateway"), hop("postgres"))));
    const [time, interval, probes] = ["time", "intvl", "probes"].map((name) => Number(new RegExp(`tcp_keepalive_${name} = (\\d+)`).exec(text)?.[1])) as [
      number,
      number,
      number,
    ];
    assert.ok(time * 2 <= 350 && time + interval * probes <= 350);
    assert.match(text, /Opt-in for each socket/);
    assert.match(text, /one network namespace/);
    assert.doesNotMatch(text, /^[^#\n]+#/m, "sysctl.d knows comments on their own lines only");
  });

  it("have every timer of a random path exactly, in the tool's own unit", () => {
    const ms = fc.integer({ min: 50, max: 4_000_000 });
    fc.assert(
      fc.property(ms, ms, ms, ms, (idle, pool, read, node) => {
        const nginx = planPath(
          path(
            hop("nginx", { keepalive_timeout: idle, "upstream keepalive_timeout": pool, proxy_read_timeout: read }),
            hop("node", { keepAliveTimeout: node }),
          ),
        );
        const text = emitters.nginx(nginx);
        const [inUpstream = ""] = /upstream next_hop \{[^}]*\}/.exec(text) ?? [];
        assert.equal(msOf(text.replace(inUpstream, ""), /\bkeepalive_timeout ([\d.]+)(ms|s);/), wanted(nginx, "nginx", "keepalive_timeout"));
        assert.equal(msOf(inUpstream, /\bkeepalive_timeout ([\d.]+)(ms|s);/), wanted(nginx, "nginx", "upstream keepalive_timeout"));
        assert.equal(msOf(text, /proxy_read_timeout ([\d.]+)(ms|s);/), wanted(nginx, "nginx", "proxy_read_timeout"));
        assert.equal(Number(/keepAliveTimeout = ([\d_]+)/.exec(emitters.node(nginx))?.[1]?.replaceAll("_", "")), wanted(nginx, "node", "keepAliveTimeout"));

        const haproxy = planPath(
          path(hop("haproxy", { "timeout client": idle, "timeout server": read, "timeout tunnel": read, "pool-purge-delay": pool }), hop("node")),
        );
        const cfg = emitters.haproxy(haproxy);
        for (const knob of ["timeout client", "timeout server", "timeout tunnel", "pool-purge-delay"]) {
          assert.equal(msOf(cfg, new RegExp(`^(?!\\s*#).*\\b${knob} (\\d+)(ms|s)`, "m")), wanted(haproxy, "haproxy", knob), knob);
        }

        const caddy = planPath(path(hop("caddy", { "timeouts idle": idle, "transport keepalive": pool, "transport read_timeout": read }), hop("node")));
        const file = emitters.caddy(caddy);
        for (const knob of ["timeouts idle", "transport keepalive", "transport read_timeout"]) {
          assert.equal(msOf(file, new RegExp(`^\\s+${knob.split(" ")[1]} (\\d+)(ms|s)`, "m")), wanted(caddy, "caddy", knob), knob);
        }
      }),
      { numRuns: 20 },
    );
  });
});
