/** The admin listener beside a guarded server: what it answers, and whom (faults.md, row 74). */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { type AdminListener, type AdminOptions, adminListener, guardMetricDocs } from "@holdfast/guard";
import { RawHttp, type RawResponse, requestBytes } from "../../../../scripts/test-support/raw-http.ts";
import { parseExposition, seriesValue } from "../support/exposition.ts";
import { type Guarded, guarded, until } from "../support/guarded.ts";

const token = "0123456789abcdef";

interface Subject {
  readonly one: Guarded;
  readonly port: number;
  readonly admin: AdminListener;
  ask(method: string, target: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<RawResponse>;
}

async function subject(t: TestContext, options: Partial<AdminOptions> = {}): Promise<Subject> {
  const one = await guarded({}, (_request, response) => response.end("hello"));
  t.after(() => one.stop());
  const admin = adminListener({ guard: one.guard, port: 0, ...options });
  const { port } = await admin.listen();
  t.after(() => admin.close());
  const ask: Subject["ask"] = async (method, target, headers, body) => {
    const http = await RawHttp.send(port, requestBytes(method, target, port, headers, body));
    const answer = method === "HEAD" ? await headOf(http) : await http.whole();
    http.destroy();
    return answer;
  };
  return { one, port, admin, ask };
}

async function headOf(http: RawHttp): Promise<RawResponse> {
  await http.until(() => http.response !== undefined);
  return http.response as RawResponse;
}

/** A connection of the guarded server that waits for its next request. */
async function idle(one: Guarded): Promise<RawHttp> {
  const http = await RawHttp.send(one.port, requestBytes("GET", "/", one.port));
  await http.whole();
  return http;
}

const json = (answer: RawResponse): Record<string, unknown> => JSON.parse(answer.body.toString());
const codeOf = (answer: RawResponse): unknown => (json(answer)["error"] as { code: string }).code;

describe("the admin listener", () => {
  it("lists connections, filtered and in order", async (t) => {
    const { one, ask } = await subject(t);
    const open = [await idle(one), await idle(one), await idle(one)];
    const answer = await ask("GET", "/connections?sort=idle&limit=2&listener=http");
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["cache-control"], "no-store");
    const { connections, matching, open: count, descriptors } = json(answer) as { connections: { idleMs: number; phase: string }[] } & Record<string, unknown>;
    assert.deepEqual([connections.length, matching, count], [2, 3, 3]);
    assert.ok((connections[0]?.idleMs ?? 0) >= (connections[1]?.idleMs ?? 0));
    assert.equal(connections[0]?.phase, "idle");
    assert.ok((descriptors as { open: number }).open > 0);
    assert.deepEqual(json(await ask("GET", "/connections?subject=nobody"))["connections"], []);
    assert.equal((await ask("GET", "/connections?sort=name")).status, 400);
    for (const http of open) http.destroy();
  });

  it("ends a connection, once", async (t) => {
    const { one, ask } = await subject(t);
    const http = await idle(one);
    const [row] = one.guard.connections();
    const answer = await ask("DELETE", `/connections/${row?.id}`);
    assert.deepEqual([answer.status, answer.headers["content-length"], answer.headers["transfer-encoding"]], [204, undefined, undefined]);
    await until(() => one.endings.length === 1);
    assert.equal(one.endings[0]?.code, "killed");
    await http.until(() => http.hasEnded);
    assert.equal((await ask("DELETE", `/connections/${row?.id}`)).status, 404);
    assert.equal((await ask("DELETE", "/connections/..%2f..%2fetc")).status, 404);
  });

  it("shows metrics, its own refusals among them", async (t) => {
    const { ask } = await subject(t);
    await ask("GET", "/nothing");
    const answer = await ask("GET", "/metrics");
    assert.match(answer.headers["content-type"] ?? "", /^text\/plain; version=0\.0\.4/);
    const told = parseExposition(answer.body.toString());
    assert.deepEqual([...told.keys()].sort(), Object.keys(guardMetricDocs).sort());
    assert.equal(seriesValue(told, "holdfast_guard_admin_refused_total", { code: "not_found" }), 1);
  });

  it("says that it is live, and whether the server takes more", async (t) => {
    const { one, ask } = await subject(t);
    assert.deepEqual([(await ask("GET", "/healthz")).status, (await ask("GET", "/readyz")).status], [200, 200]);
    void one.guard.drain();
    assert.deepEqual([(await ask("GET", "/healthz")).status, (await ask("GET", "/readyz")).status], [200, 503]);
  });

  it("shows a page that is only text, whatever peers wrote", async (t) => {
    const { one, ask } = await subject(t);
    const http = await RawHttp.open(one.port);
    const socket = await new Promise<import("node:net").Socket>((resolve) => {
      one.server.once("request", (request) => resolve(request.socket));
      http.socket.write(requestBytes("GET", "/", one.port));
    });
    one.guard.setSubject(socket, "<script>alert(1)</script>");
    const page = await ask("GET", "/");
    assert.equal(page.status, 200);
    assert.match(page.headers["content-security-policy"] ?? "", /default-src 'none'/);
    assert.ok(page.body.includes("&lt;script&gt;alert(1)") && !page.body.includes("<script"));
    http.destroy();
  });

  it("drains and revokes where the host lets it, and else knows no such path", async (t) => {
    const done: string[] = [];
    const { ask } = await subject(t, { drain: () => done.push("drain"), revoke: async (who) => done.push(who) });
    assert.equal((await ask("POST", "/drain")).status, 202);
    assert.deepEqual(json(await ask("POST", "/revoke?subject=ann%40example.org")), { revoked: 2 });
    assert.deepEqual(done, ["drain", "ann@example.org"]);
    assert.equal((await ask("POST", "/revoke")).status, 400);
    const other = await subject(t);
    for (const path of ["/drain", "/revoke?subject=ann"]) assert.equal((await other.ask("POST", path)).status, 404, path);
  });

  it("answers 500 without words when the host's own function throws", async (t) => {
    const { ask } = await subject(t, { revoke: () => Promise.reject(new Error("canary")) });
    const answer = await ask("POST", "/revoke?subject=ann");
    assert.equal(answer.status, 500);
    assert.ok(!answer.body.includes("canary"));
  });

  it("does not show what requests brought", async (t) => {
    const { one, ask } = await subject(t);
    const secret = {
      Authorization: "Bearer canary-token",
      Cookie: "session=canary-cookie",
      "X-Api-Key": "canary-key",
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    one.server.on("upgrade", (_request, socket) => socket.once("end", () => socket.end()).resume());
    const http = await RawHttp.send(one.port, requestBytes("GET", "/?token=canary-query", one.port, secret));
    await until(() => one.guard.connections()[0]?.phase === "tunnel");
    for (const path of ["/", "/connections", "/metrics"]) assert.ok(!(await ask("GET", path)).body.includes("canary"), path);
    http.destroy();
  });

  it("counts what is no request, and ends it", async (t) => {
    const { port, ask } = await subject(t);
    const http = await RawHttp.send(port, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    await http.until(() => http.hasEnded);
    assert.equal(http.response?.status, 400);
    const told = parseExposition((await ask("GET", "/metrics")).body.toString());
    assert.equal(seriesValue(told, "holdfast_guard_admin_refused_total", { code: "bad_request" }), 1);
  });

  it("ends whoever says nothing, and has room for the next", async (t) => {
    const { port, ask } = await subject(t);
    const silent = Array.from({ length: 64 }, () => connect(port, "127.0.0.1"));
    t.after(() => {
      for (const socket of silent) socket.destroy();
    });
    let gone = 0;
    for (const socket of silent) {
      socket.on("error", () => {});
      socket.on("close", () => gone++);
      socket.resume();
    }
    await Promise.all(silent.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    const beyond = await RawHttp.open(port);
    await beyond.until(() => beyond.hasEnded);
    await until(
      () => gone === 64,
      () => `${gone} of 64 gone`,
      30_000,
    );
    const told = parseExposition((await ask("GET", "/metrics")).body.toString());
    assert.equal(seriesValue(told, "holdfast_guard_admin_refused_total", { code: "too_many_connections" }), 1);
  });
});

describe("who may ask the admin listener", () => {
  it("stands on loopback, and anywhere else only with a token that is none to guess", async () => {
    const one = await guarded({}, (_request, response) => response.end());
    for (const options of [
      { host: "0.0.0.0" },
      { host: "::" },
      { host: "192.0.2.1" },
      { host: "0.0.0.0", token: "short" },
      { token: "with spaces in the middle" },
    ]) {
      assert.throws(() => adminListener({ guard: one.guard, port: 0, ...options }), TypeError, JSON.stringify(options));
    }
    await one.stop();
  });

  const strangers: readonly (readonly [string, number, string, string, Readonly<Record<string, string>>])[] = [
    ["a name that was made to resolve to this machine", 421, "GET", "/metrics", { Host: "evil.example" }],
    ["the same with our port", 421, "GET", "/connections", { Host: "evil.example:4151" }],
    ["a name that begins as ours", 421, "GET", "/healthz", { Host: "localhost.evil.example" }],
    ["an address that is not the one that took it", 421, "GET", "/metrics", { Host: "192.0.2.1" }],
    ["a page of another origin", 403, "GET", "/connections", { Origin: "https://evil.example" }],
    ["a page without an origin of its own", 403, "GET", "/metrics", { Origin: "null" }],
    ["a form of another origin", 403, "POST", "/drain", { Origin: "https://evil.example" }],
    ["a form whose browser tells no origin", 403, "POST", "/drain", { "Sec-Fetch-Site": "cross-site" }],
    ["a page of its own that would change something", 403, "DELETE", "/connections/a", { Origin: "http://127.0.0.1", Host: "127.0.0.1" }],
    ["a preflight", 403, "OPTIONS", "/connections/a", { Origin: "https://evil.example", "Access-Control-Request-Method": "DELETE" }],
    ["another method", 405, "PUT", "/connections", {}],
    ["an unknown path", 404, "GET", "/debug", {}],
    ["a path that leads up", 404, "GET", "/connections/../../etc/passwd", {}],
    ["a path of two slashes", 404, "GET", "//evil.example/metrics", {}],
    ["a target with a name of its own", 404, "GET", "http://evil.example/metrics", {}],
  ];
  for (const [who, status, method, target, headers] of strangers) {
    it(`answers ${who} with ${status}`, async (t) => {
      const { ask } = await subject(t, { drain: () => assert.fail("drained") });
      const answer = await ask(method, target, headers);
      assert.equal(answer.status, status);
      assert.equal(answer.headers["cache-control"], "no-store");
      assert.equal(answer.headers["access-control-allow-origin"], undefined);
    });
  }

  it("says which methods there are", async (t) => {
    const { ask } = await subject(t);
    assert.equal((await ask("PUT", "/metrics")).headers["allow"], "GET");
    assert.equal((await ask("GET", "/connections/a")).headers["allow"], "DELETE");
    assert.equal((await ask("HEAD", "/metrics")).status, 200);
  });

  it("refuses two of a header that decides, and bodies", async (t) => {
    const { port, ask } = await subject(t, { drain: () => assert.fail("drained") });
    const twice = await RawHttp.send(port, `GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n`);
    assert.equal((await twice.whole()).status, 400);
    twice.destroy();
    const body = await ask("POST", "/drain", {}, "x");
    assert.deepEqual([body.status, body.headers["connection"]], [400, "close"]);
  });

  it("answers to further names when told", async (t) => {
    const { ask } = await subject(t, { hosts: ["Admin.internal"] });
    assert.equal((await ask("GET", "/metrics", { Host: "admin.internal:9464" })).status, 200);
  });

  it("wants the token for all but health, for unknown paths too", async (t) => {
    const { ask } = await subject(t, { token });
    for (const path of ["/", "/metrics", "/connections", "/nothing"]) {
      const answer = await ask("GET", path);
      assert.deepEqual([answer.status, codeOf(answer), answer.headers["www-authenticate"]], [401, "unauthorized", 'Bearer realm="admin"'], path);
    }
    assert.equal((await ask("DELETE", "/connections/a")).status, 401);
    for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Basic ${token}`, token, "Bearer", "Bearer "]) {
      assert.equal((await ask("GET", "/metrics", { Authorization: wrong })).status, 401, wrong);
    }
    for (const path of ["/healthz", "/readyz"]) assert.equal((await ask("GET", path)).status, 200, path);
    assert.equal((await ask("GET", "/metrics", { Authorization: `Bearer ${token}` })).status, 200);
    assert.equal((await ask("GET", "/nothing", { Authorization: `Bearer ${token}` })).status, 404);
  });

  it("takes the address that took the request for one of its names, where it listens on all of them", async (t) => {
    const { ask } = await subject(t, { host: "0.0.0.0", token });
    assert.equal((await ask("GET", "/readyz", { Host: "127.0.0.1:4151" })).status, 200);
    assert.equal((await ask("GET", "/readyz", { Host: "10.0.0.1" })).status, 421);
  });

  it("says which port is taken", async (t) => {
    const { port, one } = await subject(t);
    await assert.rejects(adminListener({ guard: one.guard, port }).listen(), /\[connect_failed\].*EADDRINUSE/);
  });
});
