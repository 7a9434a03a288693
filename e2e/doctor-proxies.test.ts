// `holdfast doctor` through real proxies, with idle timers that are drawn at random in each run: a process of its own that is given the URL
// alone finds the timers, says who ended what, and names what is wrong, and only that. HOLDFAST_SEED repeats a run.
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { describe, test } from "node:test";
import type { IdleFact, IdleOf } from "@holdfast/doctor";
import { type Need, needs } from "../scripts/test-support/needs.ts";
import { type Examined, examined, startAgent } from "./support/doctor.ts";
import { apache, caddy, haproxy, nginx, type Recipe, squid, startHop, varnish } from "./support/doctor-proxies.ts";

const max = "16s";
const toleranceMs = 1_000;
/** Squid looks at its timers once a second, by a clock of whole seconds. */
const squidToleranceMs = 1_600;
/** Each keeps two cores busy for a moment when it starts: more at once would make the timers of all late. */
const concurrency = 6;

const seed = Number(process.env["HOLDFAST_SEED"] ?? randomInt(1, 2 ** 31));
let state = seed;
/** A whole number of ms in [least, most). */
function draw(least: number, most: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
  return least + (state % (most - least));
}

const allOfThem = [
  "backend_http10",
  "backend_connection_close",
  "upgrade_not_forwarded",
  "upgrade_headers_lost",
  "event_stream_buffered",
  "event_stream_delayed",
];

interface Case {
  readonly name: string;
  readonly need: Need;
  readonly recipe: Recipe;
  /** The idle timers that it was given. null: none that ends it within the examination. Left out: not looked at. */
  readonly websocketMs?: number | null;
  readonly eventStreamMs?: number;
  readonly deadlineMs?: number;
  readonly toleranceMs?: number;
  /** Of `allOfThem` and those of `besides`: exactly these are found. */
  readonly found: readonly string[];
  readonly besides?: readonly string[];
  /** The title of a finding says so. */
  readonly says?: Readonly<Record<string, RegExp>>;
  readonly token?: string;
}

const upgrades = ["proxy_http_version 1.1;", "proxy_set_header Upgrade $http_upgrade;", "proxy_set_header Connection $connection_upgrade;"];
const [plain, unbuffered, good, zipped] = [draw(2_000, 6_000), draw(2_000, 6_000), draw(2_000, 6_000), draw(2_000, 6_000)];
// So far apart that none can be taken for another.
const server = draw(2_000, 3_000);
const client = server + draw(800, 1_500);
const tunnel = client + draw(800, 1_500);
const [caddyMs, pipeMs, betweenMs] = [draw(2_000, 6_000), draw(2_000, 6_000), draw(2_000, 6_000)];
// These two know whole seconds only.
const [apacheMs, squidMs] = [draw(2, 6) * 1_000, draw(3, 6) * 1_000];
const haproxyTimers = [`timeout client ${client}ms`, `timeout server ${server}ms`];
const tunnelCode = "tunnel_without_own_timer";

const cases: readonly Case[] = [
  {
    name: "nginx as it is by default",
    need: "nginx",
    recipe: nginx([`proxy_read_timeout ${plain}ms;`]),
    deadlineMs: plain,
    found: ["backend_http10", "backend_connection_close", "upgrade_not_forwarded", "event_stream_buffered"],
    says: { event_stream_buffered: /in a proxy's buffer/ },
  },
  {
    name: "nginx by default, with proxy_buffering off",
    need: "nginx",
    recipe: nginx([`proxy_read_timeout ${unbuffered}ms;`, "proxy_buffering off;"]),
    eventStreamMs: unbuffered,
    deadlineMs: unbuffered,
    found: ["backend_http10", "backend_connection_close", "upgrade_not_forwarded"],
  },
  {
    name: "nginx as it should be, with a token",
    need: "nginx",
    recipe: nginx([...upgrades, `proxy_read_timeout ${good}ms;`, "proxy_buffering off;"], ["keepalive 8;"]),
    websocketMs: good,
    eventStreamMs: good,
    deadlineMs: good,
    found: [],
    token: "token-behind-the-proxy",
  },
  {
    name: "nginx that compresses event streams",
    need: "nginx",
    recipe: nginx(
      [...upgrades, `proxy_read_timeout ${zipped}ms;`, "gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_proxied any;"],
      ["keepalive 8;"],
    ),
    websocketMs: zipped,
    found: ["event_stream_buffered"],
    says: { event_stream_buffered: /by a compressor/ },
  },
  {
    name: "HAProxy without a timeout for tunnels",
    need: "haproxy",
    recipe: haproxy(haproxyTimers),
    websocketMs: server,
    eventStreamMs: server,
    deadlineMs: server,
    found: ["event_stream_delayed", tunnelCode],
    besides: [tunnelCode],
  },
  {
    name: "HAProxy with one, and without delay",
    need: "haproxy",
    recipe: haproxy([...haproxyTimers, `timeout tunnel ${tunnel}ms`, "option http-no-delay"]),
    websocketMs: tunnel,
    eventStreamMs: server,
    deadlineMs: server,
    found: [],
    besides: [tunnelCode],
  },
  {
    name: "HAProxy with http-server-close",
    need: "haproxy",
    recipe: haproxy([...haproxyTimers, `timeout tunnel ${tunnel}ms`, "option http-no-delay", "option http-server-close"]),
    websocketMs: tunnel,
    eventStreamMs: server,
    found: ["backend_connection_close"],
  },
  {
    name: "Caddy that keeps no connection",
    need: "caddy",
    recipe: caddy(["transport http {", `read_timeout ${caddyMs}ms`, "keepalive off", "}"]),
    websocketMs: caddyMs,
    eventStreamMs: caddyMs,
    found: ["backend_connection_close"],
  },
  {
    name: "Apache",
    need: "apache",
    recipe: apache(`timeout=${apacheMs / 1_000}`),
    websocketMs: null,
    eventStreamMs: apacheMs,
    found: [],
  },
  {
    name: "Varnish",
    need: "varnish",
    recipe: varnish({ pipe_timeout: `${pipeMs / 1_000}`, between_bytes_timeout: `${betweenMs / 1_000}` }),
    websocketMs: pipeMs,
    eventStreamMs: betweenMs,
    found: [],
  },
  {
    name: "Squid",
    need: "squid",
    recipe: squid([`read_timeout ${squidMs / 1_000} seconds`]),
    websocketMs: squidMs,
    eventStreamMs: squidMs,
    toleranceMs: squidToleranceMs,
    found: [],
  },
];

describe(`holdfast doctor behind real proxies, seed ${seed}`, { concurrency, timeout: 110_000 }, () => {
  for (const each of cases) {
    test(`it finds what ${each.name} does, and nothing else`, { skip: needs(each.need) }, async (t) => {
      const variables = each.token === undefined ? {} : { HOLDFAST_TOKEN: each.token };
      const agent = await startAgent([], variables);
      try {
        await using hop = await startHop(each.recipe, agent.port);
        const seen = await examined(hop.url, ["--max", max], variables);
        t.diagnostic(summary(each, seen));
        judge(each, seen);
      } finally {
        await agent.stop();
      }
    });
  }
});

const idleOf = ({ facts }: Examined, of: IdleOf): IdleFact | undefined => facts.idle.find((fact) => fact.of === of && fact.moving === "nothing");

function judge(each: Case, seen: Examined): void {
  const { facts, findings } = seen;
  assert.ok(facts.helper.known, "the agent was found");
  const watched = [...allOfThem, ...(each.besides ?? [])];
  const found = findings.map(({ code }) => code).filter((code) => watched.includes(code));
  assert.deepEqual([...new Set(found)].sort(), [...each.found].sort());
  for (const [code, pattern] of Object.entries(each.says ?? {})) assert.match(findings.find((finding) => finding.code === code)?.title ?? "", pattern);
  const within = each.toleranceMs ?? toleranceMs;
  for (const [of, drawnMs] of [["websocket", each.websocketMs] as const, ["event-stream", each.eventStreamMs] as const]) {
    if (drawnMs === undefined) continue;
    const fact = idleOf(seen, of) ?? assert.fail(`nothing is known of ${of}`);
    if (drawnMs === null) {
      assert.equal(fact.atMostMs, null, `${of} ended after ${fact.atMostMs} ms`);
      continue;
    }
    const what = `${of}: drawn ${drawnMs}, found ${JSON.stringify(fact)}`;
    assert.ok(fact.atMostMs !== null && Math.abs(fact.atMostMs - drawnMs) <= within, what);
    assert.ok(fact.atLeastMs <= drawnMs + within, what);
    assert.equal(fact.how, "fin", what);
    assert.equal(fact.by, "between", what);
  }
  if (each.deadlineMs === undefined) return;
  const deadline = facts.origin.known && facts.origin.value.deadline.known ? facts.origin.value.deadline.value : assert.fail("no deadline was looked for");
  assert.ok(deadline.atMostMs !== null && Math.abs(deadline.atMostMs - each.deadlineMs) <= within, JSON.stringify(deadline));
  assert.equal(deadline.product, each.need);
}

function summary({ websocketMs, eventStreamMs }: Case, seen: Examined): string {
  const shown = (of: IdleOf, drawnMs: number | null | undefined): string => {
    const fact = idleOf(seen, of);
    const found = fact === undefined ? "nothing" : `${Math.round(fact.atLeastMs)} to ${fact.atMostMs === null ? "?" : Math.round(fact.atMostMs)} by ${fact.by}`;
    return `${of}: drawn ${drawnMs ?? "none"}, found ${found}`;
  };
  return `${shown("websocket", websocketMs)}; ${shown("event-stream", eventStreamMs)}; ${seen.findings.map(({ code }) => code).join(" ")}`;
}
