/**
 * The worked example of docs/ladder.md, with the rows of the hop database: Cloudflare, ALB, nginx, Node, PgBouncer, Postgres.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DeclaredHop, type DeclaredPath, findingDocs, PathError, type Plan, planPath, violationFinding } from "@holdfast/path";

const hop = (name: string, product: string = name, values: DeclaredHop["values"] = {}, more: Partial<DeclaredHop> = {}): DeclaredHop => ({
  name,
  product,
  values,
  ...more,
});
const whole: DeclaredPath = { hops: ["chrome", "cloudflare", "alb", "nginx", "node", "node-postgres", "pgbouncer", "postgres"].map((name) => hop(name)) };
const written = ({ derived }: Plan): Record<string, unknown> =>
  Object.fromEntries(derived.filter(({ changed }) => changed).map((each) => [`${each.hop} ${each.knob}`, each.value]));
const broken = (plan: Plan): string[] => plan.violations.filter(({ severity }) => severity !== "info").map(({ rule, where }) => `${rule} ${where}`);

describe("the worked example", () => {
  const plan = planPath(whole);

  test("has six links, none of them from a runtime to its own client library", () => {
    assert.deepEqual(
      plan.links.map(({ sender, receiver }) => `${sender.name} -> ${receiver.name}`),
      ["chrome -> cloudflare", "cloudflare -> alb", "alb -> nginx", "nginx -> node", "node-postgres -> pgbouncer", "pgbouncer -> postgres"],
    );
  });

  test("is broken at the balancer, behind it once that is mended, and at Node", () => {
    assert.deepEqual(broken(plan), ["A1 cloudflare -> alb", "A1 nginx -> node", "A5 cloudflare -> alb -> nginx"]);
  });

  test("is mended by 990 s at the balancer, 1090 s at nginx and 66 s at Node", () => {
    const values = written(plan);
    assert.equal(values["alb idle_timeout.timeout_seconds"], 990_000);
    assert.equal(values["nginx keepalive_timeout"], 1_090_000);
    assert.equal(values["node keepAliveTimeout"], 66_000);
    assert.deepEqual(plan.impossible, []);
  });

  test("bears a heartbeat of 25 s and is given one of 12 s", () => {
    assert.equal(plan.streams.silenceMs, 60_000);
    assert.equal(plan.streams.limitedBy?.hop, "nginx");
    assert.equal(plan.streams.heartbeatMaxMs, 25_000);
    assert.equal(plan.streams.heartbeatMs, 12_000);
  });

  test("a NAT gateway between pooler and database needs a shorter idle time or probes", () => {
    const behind = planPath({ hops: [hop("pgbouncer"), hop("nat", "aws-nat-gateway"), hop("postgres")] });
    const [forgets] = behind.violations.filter(({ rule }) => rule === "A2");
    assert.equal(forgets?.inequality, "10 min + 60 s <= 350 s");
    assert.equal(forgets?.fixes[0]?.value, 318_000);
  });
});

describe("published samples", () => {
  const pair = (sender: DeclaredHop, receiver: DeclaredHop): Plan => planPath({ hops: [sender, receiver] });

  test("a balancer of 60 s in front of a server of 120 s is in order, whatever is said of it", () => {
    assert.deepEqual(broken(pair(hop("alb"), hop("node", "node", { keepAliveTimeout: 120_000 }))), []);
  });

  test("nginx with a pool of 75 s in front of Node with 65 s races by 10 s and more", () => {
    const { violations } = pair(
      hop("nginx", "nginx", { "upstream keepalive_timeout": 75_000 }, { version: "1.29.7" }),
      hop("node", "node", { keepAliveTimeout: 65_000 }),
    );
    assert.equal(violations[0]?.inequality, "75 s + 7.5 s <= 66 s");
    assert.deepEqual(
      violations[0]?.fixes.slice(0, 2).map(({ hop: name, value }) => [name, value]),
      [
        ["node", 83_000],
        ["nginx", 60_000],
      ],
    );
  });

  test("nginx as it comes in front of Node as it comes races, from 1.29.7 on", () => {
    const at = (version: string): string[] => broken(pair(hop("nginx", "nginx", {}, { version }), hop("node")));
    assert.deepEqual(at("1.29.7"), ["A1 nginx -> node"]);
    assert.deepEqual(at("1.28.0"), []);
  });

  test("a kept pool of an older nginx races once it speaks HTTP/1.1 without Connection: close", () => {
    const values = { "upstream keepalive": 64, proxy_http_version: "1.1", "proxy_set_header Connection": "" };
    assert.deepEqual(broken(pair(hop("nginx", "nginx", values, { version: "1.24.0" }), hop("node"))), ["A1 nginx -> node"]);
    assert.deepEqual(broken(pair(hop("nginx", "nginx", { "upstream keepalive": 64 }, { version: "1.24.0" }), hop("node"))), []);
  });

  test("a beat of 30 s is too slow for 60 s, one of 25 s is not", () => {
    const at = (heartbeatMs: number): string[] =>
      broken(planPath({ hops: [hop("alb"), hop("node", "node", { keepAliveTimeout: 66_000 })], streams: { heartbeatMs } }));
    assert.deepEqual(at(30_000), ["C1 alb"]);
    assert.deepEqual(at(25_000), []);
  });

  test("neither TCP probes nor HTTP/2 PINGs keep a stream open at a balancer", () => {
    for (const heartbeatOf of ["tcp_probe", "h2_ping"] as const) {
      const { violations } = planPath({ hops: [hop("alb"), hop("node", "node", { keepAliveTimeout: 66_000 })], streams: { heartbeatOf } });
      assert.deepEqual(
        violations.filter(({ rule }) => rule === "C2").map(({ where }) => where),
        ["alb"],
        heartbeatOf,
      );
    }
  });
});

describe("what can not be", () => {
  const faultOf = (path: DeclaredPath): string => {
    try {
      planPath(path);
    } catch (thrown) {
      assert.ok(thrown instanceof PathError);
      return thrown.message;
    }
    return "nothing";
  };

  test("is refused by name of hop and knob, with what was expected and what was got", () => {
    assert.match(faultOf({ hops: [] }), /expected at least one hop/);
    assert.match(faultOf({ hops: [hop("ngnix")] }), /ngnix: `product`: expected a product that is known.*got ngnix/);
    assert.match(faultOf({ hops: [hop("cloudflare", "cloudflare", { "origin proxy idle": 60_000 })] }), /expected 15 min, which nobody can change, got 60 s/);
    assert.match(faultOf({ hops: [hop("alb", "alb", { "idle_timeout.timeout_seconds": 5_000_000 })] }), /a time from 1 s to 4000 s, got 5000 s/);
    assert.match(
      faultOf({ hops: [hop("node", "node", { keepalive_timeout: 1 })] }),
      /node: `keepalive_timeout`: expected a knob of Node http.Server \(did you mean `keepAliveTimeout`\?\)/,
    );
    assert.match(faultOf({ hops: [hop("node"), hop("node")] }), /a name of its own/);
    assert.match(faultOf({ hops: [hop("node")], needs: { speed: 1 } }), /needs.speed/);
  });
});

test("every violation has a page, and its finding names the places on both sides", () => {
  const place = (line: number) => ({ file: "nginx.conf", line });
  const { violations } = planPath({
    hops: [
      hop("nginx", "nginx", { "upstream keepalive_timeout": 75_000 }, { places: { "upstream keepalive_timeout": place(7) } }),
      hop("node", "node", { keepAliveTimeout: 5_000 }, { places: { keepAliveTimeout: { file: "server.json", line: 2 } } }),
    ],
  });
  const found = violations.map(violationFinding);
  for (const { code } of found) assert.ok(findingDocs[code], code);
  assert.deepEqual([found[0]?.place, found[0]?.related], [{ file: "server.json", line: 2 }, [place(7)]]);
  assert.match(found[0]?.evidence[0] ?? "", /^A1, nginx -> node: needs 75 s \+ 7.5 s <= 6 s$/);
  assert.match(found[0]?.advice[0] ?? "", /^node: keepAliveTimeout 83 s \(cost: /);
});
