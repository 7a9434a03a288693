/** What facts lead to which findings, and which do not; and what is asked of the doctor. */
import assert from "node:assert/strict";
import test from "node:test";
import { diagnose, drawFacts, type Facts, resolveAsk } from "@holdfast/doctor";
import { findingDocs } from "@holdfast/path";
import { heartbeatMs } from "../src/diagnoses/words.ts";
import { known, unknown } from "../src/facts.ts";
import { hopHints } from "../src/probes/hop-hints.ts";
import { whoEnded } from "../src/probes/who-ended.ts";
import { healthy, idleFact } from "./support/facts.ts";

const base: Facts = {
  ...healthy,
  http: known({ status: 200, version: "1.1", headers: { server: "nginx/1.22.1" }, http2: known(true), http3Announced: false }),
  hops: hopHints({ server: "nginx/1.22.1" }),
};
const codes = (facts: Partial<Facts>): string[] => diagnose({ ...base, ...facts }, null).map(({ code }) => code);

test("a healthy path has no findings", () => {
  assert.deepEqual(codes({ idle: [idleFact({ atLeastMs: 66_000, atMostMs: null, how: null })] }), []);
});

test("a WebSocket that ends after 60 s behind nginx names nginx, its line, and a heartbeat that survives a loss", () => {
  const [finding] = diagnose({ ...base, idle: [idleFact({}), idleFact({ moving: "websocket_ping", atLeastMs: 73_000, atMostMs: null, how: null })] }, null);
  assert.equal(finding?.code, "stream_idle_timeout");
  assert.equal(finding?.hop, "nginx");
  assert.match(finding?.evidence.join("\n") ?? "", /proxy_read_timeout/);
  assert.match(finding?.advice.join("\n") ?? "", /every 25 s/);
  assert.match(finding?.advice.join("\n") ?? "", /that such bytes count here was seen/);
});

test("the heartbeat obeys C1: two of them, late by a tenth, fit into the silence", () => {
  assert.deepEqual([60_000, 350_000, 300_000].map(heartbeatMs), [25_000, 150_000, 120_000]);
  for (let ms = 4_000; ms < 4_000_000; ms += 7_919) assert.ok(2.2 * heartbeatMs(ms) + 3_000 <= ms, String(ms));
});

test("what vanishes is one finding for all transports, and no timer of a stream beside it", () => {
  assert.deepEqual(codes({ idle: [idleFact({ how: "silent" }), idleFact({ of: "http1", how: "silent" })] }), ["silent_drop"]);
});

test("a receiver's timer weighs more the shorter it is, and less where it is announced", () => {
  const severity = (atMostMs: number, announcedMs: number | null): string | undefined => {
    const keepAlive = known({
      reused: true,
      first: { tcpMs: 1, tlsMs: 1, waitMs: 1, bodyMs: 0 },
      second: null,
      connection: null,
      keepAlive: null,
      announcedMs,
      fault: null,
    });
    return diagnose({ ...base, keepAlive, idle: [idleFact({ of: "http1", atLeastMs: atMostMs - 100, atMostMs })] }, null)[0]?.severity;
  };
  assert.deepEqual([severity(6_000, null), severity(6_000, 5_000), severity(75_000, null)], ["warning", "info", "info"]);
});

test("a busy connection that ends has an age; one that was told, or sat idle, has none", () => {
  const control = { of: "websocket", beatMs: 1_000, ageMs: 30_000, ended: "fin", silentMs: 400, beats: 29, announced: false } as const;
  assert.deepEqual(codes({ controls: [control] }), ["lifetime_cap"]);
  assert.deepEqual(codes({ controls: [{ ...control, announced: true }] }), []);
  assert.deepEqual(codes({ controls: [{ ...control, silentMs: 20_000 }] }), []);
});

test("resumption: one miss is a rotation, many are replicas without common keys", () => {
  const of = (resumed: number, sessions = 9): string[] => codes({ resumption: known({ reconnects: 8, resumed, sessions }) });
  assert.deepEqual([of(8), of(7), of(3), of(0, 0)], [[], [], ["resumption_partial"], ["resumption_off"]]);
});

test("certificates: days that are left, and who is not trusted", () => {
  const tls = (days: number, trustFault: string | null = null) =>
    known({
      version: "TLSv1.3",
      cipher: "TLS_AES_128_GCM_SHA256",
      alpn: "h2",
      handshakeMs: 20,
      chain: [{ subject: "example.com", issuer: "an authority", validToWallMs: base.startedWallMs + days * 86_400_000 + 1 }],
      nameFault: null,
      trustFault,
    });
  const of = (days: number): (string | undefined)[] => diagnose({ ...base, tls: tls(days) }, null).map(({ severity }) => severity);
  assert.deepEqual([of(60), of(20), of(2), of(-1)], [[], ["warning"], ["error"], ["error"]]);
  assert.deepEqual(codes({ tls: tls(60, "DEPTH_ZERO_SELF_SIGNED_CERT") }), ["certificate_bad"]);
});

test("a lost upgrade is only blamed where it is known that somebody would have taken it", () => {
  const webSocket = known({ url: "wss://example.com/", taken: false, status: 404, pongMs: null, beatMs: null });
  assert.deepEqual(codes({ webSocket }), []);
  const helper = known({ kind: "agent", version: 1, server: { socket: true }, headers: {}, httpVersion: "1.1", connections: ["a"] } as const);
  assert.ok(codes({ webSocket, helper }).includes("websocket_lost"));
});

test("a URL of a WebSocket that is not taken is an error, whatever the status; a plain one is none", () => {
  const webSocket = known({ url: "wss://example.com/", taken: false, status: 404, pongMs: null, beatMs: null });
  const [finding] = diagnose({ ...base, url: "wss://example.com/", webSocket }, null);
  assert.deepEqual([finding?.code, finding?.severity], ["websocket_lost", "error"]);
  assert.match(finding?.advice.join() ?? "", /the path/);
  assert.deepEqual(codes({ url: "wss://example.com/", webSocket: unknown("the upgrade was not answered in time") }), ["websocket_lost"]);
  assert.deepEqual(codes({ url: "wss://example.com/", webSocket: unknown("the time was over") }), []);
  assert.deepEqual(codes({ url: "wss://example.com/" }), [], "it was not asked for");
});

test("what was not reached, did not answer, or answered otherwise, is said", () => {
  const why = (text: string): Partial<Facts> => ({ tcp: unknown(text), http: unknown(text) });
  const advice = (facts: Partial<Facts>): string => diagnose({ ...base, ...facts }, null)[0]?.advice.join() ?? "";
  assert.deepEqual(codes(why("connect ECONNREFUSED 192.0.2.1:443")), ["target_unreachable"]);
  assert.match(advice(why("connect ECONNREFUSED 192.0.2.1:443")), /Nobody listens/);
  assert.match(advice(why("getaddrinfo ENOTFOUND example.com")), /records/);
  assert.match(advice(why("the name example.com was not found in time")), /resolver/);
  assert.match(advice(why("the time was over")), /firewalls/);
  assert.match(advice(why("write EPROTO wrong version number")), /http:/);
  assert.deepEqual(codes({ http: unknown("no answer over HTTP/1.1: the connection was reset instead") }), ["no_http_answer"]);
  assert.deepEqual(codes({ http: unknown("the certificate is not good (X), and nothing is sent to a stranger") }), []);
  const http = (status: number, headers = {}) => known({ status, version: "1.1", headers, http2: known(true), http3Announced: false });
  const of = (facts: Partial<Facts>) => diagnose({ ...base, ...facts }, null).map(({ code, severity }) => [code, severity]);
  assert.deepEqual(of({ http: http(301, { location: "https://www.example.com/" }) }), [["url_status", "info"]]);
  assert.deepEqual(of({ http: http(401) }), [["url_status", "warning"]]);
  assert.deepEqual(of({ http: http(204) }), []);
  assert.deepEqual(of({ url: "ws://example.com/", http: http(400) }), [], "a plain request is not what a WebSocket's URL is for");
});

test("who ended it: the application says so itself, or it was somebody between", () => {
  const told = (how: "here" | "fin" | null) => ({ known: true, open: how === null, how, afterSilentMs: 0, at: null, requests: 1 }) as const;
  assert.equal(whoEnded([told("here"), told("here"), told("fin")], "fin"), "server");
  assert.equal(whoEnded([told("fin"), { known: false }], "fin"), "between");
  assert.equal(whoEnded([told(null)], "silent"), "between");
  assert.equal(whoEnded([{ known: false }], "fin"), null);
});

test("every code has its row, every fact its line, and what a cookie says stays out of both", () => {
  const idles = (["http1", "http2", "websocket", "event-stream", "tcp"] as const).map((of) => idleFact({ of }));
  for (const { code } of diagnose({ ...base, idle: idles }, null)) assert.ok(findingDocs[code], code);
  assert.match(drawFacts({ ...base, idle: idles }), /WebSocket +59\.9 s to 60\.1 s +closed \(FIN\) +between/);
  assert.ok(!JSON.stringify(hopHints({ "set-cookie": "AWSALB=secret; Path=/", server: "x" })).includes("secret"));
});

test("what is asked is checked by name", () => {
  assert.equal(resolveAsk("wss://example.com/socket#x").url.href, "wss://example.com/socket");
  for (const [url, options, named] of [
    ["ftp://x", {}, /address/],
    ["http://a:b@x", {}, /password/],
    ["http://x", { maxMs: 10 }, /maxMs/],
    ["http://x", { only: ["nothing"] }, /probe/],
    ["http://x", { headers: [["Connection", "close"]] }, /Connection/],
    ["http://x", { headers: [["X", "a\r\nb"]] }, /one line/],
    ["http://x", { insecure: true, ca: "x" }, /not both/],
    ["http://x", { speed: 1 }, /speed/],
  ] as const)
    assert.throws(() => resolveAsk(url, options as never), named);
});
