import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { diagnose, type Facts, type OriginFacts, type StreamRow, type StreamWay } from "@holdfast/doctor";
import type { AgentEnded, AgentHello } from "@holdfast/doctor/agent";
import { known } from "../src/facts.ts";
import { judgeBackend } from "../src/probes/backend.ts";
import { errorPageProduct } from "../src/probes/error-page.ts";
import { streamBuffering } from "../src/probes/stream-cause.ts";
import { judgeStream, latencies, type SeenEvent } from "../src/probes/stream-signature.ts";

/** Events of `bytes` each, written every `everyMs`, and read when `read` says. */
const series = (count: number, everyMs: number, bytes: number, read: (sentMs: number, i: number) => number): SeenEvent[] =>
  Array.from({ length: count }, (_, i) => ({ sentMs: 5_000 + i * everyMs, readMs: read(i * everyMs, i), bytes: (i + 1) * bytes }));

/** A buffer passes on what it holds whenever it is full. */
const full = (perStep: number, everyMs: number) => (_: number, i: number) => (Math.floor(i / perStep) + 1) * perStep * everyMs;

describe("the signature of a stream", () => {
  test("is live when events come as they were written, however the clocks differ, and with a hiccup", () => {
    assert.deepEqual(
      judgeStream(
        series(24, 100, 50, (sentMs) => sentMs + 9_999),
        100,
      ).signature,
      { known: true, value: "live" },
    );
    const hiccup = series(24, 100, 50, (sentMs, i) => (i >= 5 && i < 12 ? 1_200 : sentMs));
    assert.deepEqual(judgeStream(hiccup, 100).signature, { known: true, value: "live" });
  });

  test("is held when all come at the end, the first perhaps alone", () => {
    assert.deepEqual(
      judgeStream(
        series(24, 100, 50, (_, i) => 2_400 + i),
        100,
      ).signature,
      { known: true, value: "held" },
    );
    assert.deepEqual(
      judgeStream(
        series(24, 100, 50, (_, i) => (i === 0 ? 0 : 2_400)),
        100,
      ).signature,
      { known: true, value: "held" },
    );
  });

  test("is steps when several come at a time, with their bytes and how far apart they are", () => {
    const steps = judgeStream(series(80, 30, 1_050, full(4, 30)), 30);
    assert.deepEqual(steps, { signature: { known: true, value: "steps" }, stepBytes: 4_200, stepMs: 120 });
  });

  test("is not known of too few", () => {
    assert.equal(
      judgeStream(
        series(5, 100, 50, (sentMs) => sentMs),
        100,
      ).signature.known,
      false,
    );
  });

  test("has latencies beyond the fastest", () => {
    assert.deepEqual(
      latencies(
        series(3, 100, 50, (sentMs, i) => sentMs + i * 10 - 700),
        -5_700,
      ),
      [0, 10, 20],
    );
  });
});

const row = (way: StreamWay, value: "live" | "steps" | "held", steps: Partial<StreamRow> = {}): StreamRow => ({
  ...{ way, encoding: null, everyMs: 100, latenciesMs: [2_000, 1_000, 0], signature: { known: true, value }, stepBytes: null, stepMs: null },
  ...steps,
});
const allLive: readonly StreamRow[] = (["browser", "identity", "no-transform", "accel", "padded", "ndjson"] as const).map((way) => row(way, "live"));
const but = (...rows: readonly StreamRow[]): StreamRow[] => allLive.map((live) => rows.find(({ way }) => way === live.way) ?? live);

describe("why events are held back", () => {
  const buffered = [row("browser", "held"), row("identity", "held"), row("ndjson", "held")];
  const padded = row("padded", "steps", { stepBytes: 4_212, stepMs: 123 });
  const cases: readonly [string, readonly StreamRow[], readonly unknown[] | null][] = [
    ["is nothing where all is live", allLive, null],
    ["is a compressor where it is live without", but(row("browser", "held", { encoding: "gzip" })), ["compression", { is: "end" }]],
    ["is a buffer of a size, which the application can turn off", but(...buffered, padded), ["buffer", { is: "size", bytes: 4_212 }]],
    ["is a hop that heeds nothing", but(...buffered, row("accel", "held"), row("padded", "held")), ["deaf", { is: "end" }]],
    [
      "is an interval where large events come in the same steps",
      but(row("identity", "steps", { stepMs: 304, stepBytes: 130 }), row("accel", "steps"), row("padded", "steps", { stepMs: 220, stepBytes: 7_371 })),
      ["deaf", { is: "interval", ms: 304 }],
    ],
    ["is the content type where only another is held back", but(row("ndjson", "held")), ["type", { is: "end" }]],
  ];
  for (const [name, rows, expected] of cases) {
    test(name, () => {
      const found = streamBuffering(rows);
      assert.deepEqual(found === null ? null : [found.cause, found.until], expected);
    });
  }

  test("is not known where too little came", () => {
    assert.equal(streamBuffering([{ ...row("identity", "held"), signature: { known: false, why: "2 events came" } }]), null);
  });
});

const hello = (connId: string, more: Partial<AgentHello> = {}): AgentHello =>
  ({ agent: 1, instance: "a", now: 0, connId, requestsOnConn: 1, httpVersion: "1.1", tls: false, alpn: null, headers: {}, ...more }) as AgentHello;
const ended = (how: "fin" | "here"): AgentEnded => ({ known: true, open: false, how, afterSilentMs: 0, at: 0, requests: 1 });

describe("connections to the application", () => {
  test("are kept, kept in part, or new each time", () => {
    assert.equal(judgeBackend([hello("1"), hello("1")], []).reuse, "kept");
    assert.equal(judgeBackend([hello("1"), hello("2"), hello("2")], [ended("fin")]).reuse, "some");
    assert.equal(judgeBackend([hello("1"), hello("2")], [ended("fin")]).reuse, "never");
  });

  test("are ended by the application only where nobody asked for it", () => {
    assert.equal(judgeBackend([hello("1"), hello("2")], [ended("here")]).endedBy, "application");
    const close = { headers: { connection: "close" } };
    const asked = judgeBackend([hello("1", close), hello("2", close)], [ended("here")]);
    assert.deepEqual([asked.endedBy, asked.asksToClose], ["hop", 2]);
    assert.equal(judgeBackend([hello("1"), hello("1")], []).endedBy, null);
  });
});

test("error pages give their product away", () => {
  const pages: readonly [string | null, string][] = [
    ["haproxy", "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"],
    [
      "nginx",
      "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.22.1</center>",
    ],
    ["varnish", "<h3>Guru Meditation:</h3>"],
    ["apache", "<title>502 Proxy Error</title>"],
    [
      "aws-alb",
      "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n",
    ],
    ["envoy", "upstream request timeout"],
    [null, '{"error":"mine"}'],
  ];
  for (const [product, page] of pages) assert.equal(errorPageProduct({ headers: {} }, page), product);
  assert.equal(errorPageProduct({ headers: { "x-squid-error": "ERR_READ_TIMEOUT 0" } }, ""), "squid");
});

const nothing = { known: false, why: "not tried" } as const;

/** Facts of which only what the agent brings is known. */
const reached = known({ address: "192.0.2.1", port: 80, connectMs: 1 });
const answered = known({ status: 200, version: "1.1", headers: {}, http2: known(false), http3Announced: false });
const factsOf = (origin: Partial<OriginFacts>, more: Partial<Facts> = {}): Facts => ({
  ...{ url: "http://a.test/", startedWallMs: 0, tookMs: 0, maxMs: 0, name: nothing, tcp: reached, tls: nothing, resumption: nothing, http: answered },
  ...{ keepAlive: nothing, hops: [], webSocket: nothing, eventStream: nothing, helper: nothing, idle: [], controls: [], notMeasured: [] },
  cost: { connections: 0, openMax: 0 },
  origin: { known: true, value: { backend: nothing, upgrade: nothing, streams: nothing, deadline: nothing, ...origin } },
  ...more,
});
const codesOf = (facts: Facts): string[] => diagnose(facts, null).map(({ code }) => code);
const backend = (hellos: readonly AgentHello[], ends: readonly AgentEnded[] = []): Partial<OriginFacts> => ({
  backend: { known: true, value: judgeBackend(hellos, ends) },
});

describe("what both ends know leads to", () => {
  test("nothing, where all is well or nothing is known", () => {
    assert.deepEqual(codesOf({ ...factsOf({}), origin: nothing }), []);
    assert.deepEqual(codesOf(factsOf({ ...backend([hello("1"), hello("1")]), streams: { known: true, value: allLive } })), []);
  });

  test("findings about the backend's connections", () => {
    const http10 = { httpVersion: "1.0", headers: { connection: "close" } };
    assert.deepEqual(codesOf(factsOf(backend([hello("1", http10), hello("2", http10)], [ended("fin")]))), ["backend_http10", "backend_connection_close"]);
    assert.deepEqual(codesOf(factsOf(backend([hello("1"), hello("2")], [ended("here")]))), ["backend_closed_by_application"]);
    assert.deepEqual(codesOf(factsOf(backend([hello("1"), hello("2"), hello("2")], [ended("fin")]))), []);
  });

  test("findings about upgrades, only of those that arrived", () => {
    const upgrade = (value: Partial<Extract<OriginFacts["upgrade"], { known: true }>["value"]>): Facts =>
      factsOf({ upgrade: { known: true, value: { taken: false, status: 426, arrived: null, protocol: false, ...value } } });
    assert.deepEqual(codesOf(upgrade({ arrived: { connection: "close" } })), ["upgrade_not_forwarded"]);
    assert.deepEqual(codesOf(upgrade({ status: 502 })), []);
    assert.deepEqual(codesOf(upgrade({ taken: true, status: 101 })), ["upgrade_headers_lost"]);
    assert.deepEqual(codesOf(upgrade({ taken: true, status: 101, protocol: true })), []);
  });

  test("the line to change, of the proxy that gave itself away", () => {
    const deadline = { known: true, value: { atLeastMs: 3_000, atMostMs: 3_250, status: 504, product: "haproxy" } } as const;
    const steps = but(row("identity", "steps", { stepMs: 200 }), row("accel", "steps"));
    const findings = diagnose(factsOf({ deadline, streams: { known: true, value: steps } }), null);
    assert.deepEqual(
      findings.map(({ code, hop, advice }) => [code, hop, advice]),
      [
        ["event_stream_delayed", "haproxy", ["haproxy: `option http-no-delay` in `defaults`"]],
        ["response_deadline", "haproxy", ["haproxy: `timeout server`"]],
      ],
    );
  });

  test("a missing timer for tunnels, where a WebSocket ends as an answer does, by somebody in between", () => {
    const idle = (atMostMs: number, by: "between" | "server"): Partial<Facts> => ({
      idle: [{ of: "websocket", moving: "nothing", atLeastMs: atMostMs - 100, atMostMs, how: "fin", by, seen: 3 }],
    });
    const deadline = { known: true, value: { atLeastMs: 3_000, atMostMs: 3_250, status: 504, product: "haproxy" } } as const;
    const has = (facts: Facts): boolean => codesOf(facts).includes("tunnel_without_own_timer");
    assert.equal(has(factsOf({ deadline }, idle(3_300, "between"))), true);
    assert.equal(has(factsOf({ deadline }, idle(3_300, "server"))), false);
    assert.equal(has(factsOf({ deadline }, idle(4_300, "between"))), false);
    const clients = { of: "http1", moving: "nothing", atLeastMs: 4_200, atMostMs: 4_300, how: "fin", by: null, seen: 3 } as const;
    const both = { idle: [...(idle(4_300, "between").idle ?? []), clients] };
    assert.equal(has(factsOf({ deadline }, both)), true);
    assert.equal(has(factsOf({ deadline: { known: true, value: { ...deadline.value, product: "varnish" } } }, both)), false);
  });
});
