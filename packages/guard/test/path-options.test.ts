/** Guard that is told its path: the timers follow, on the wire too. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { guard } from "@holdfast/guard";
import type { DeclaredPath } from "@holdfast/path";

const path = (values: Readonly<Record<string, number>> = {}): DeclaredPath => ({
  hops: [
    { name: "users", product: "browser", values: {} },
    { name: "edge", product: "nginx", version: "1.30.0", values },
    { name: "app", product: "node", values: {} },
  ],
});

it("announces the keep-alive that follows from the proxy's pool", async () => {
  const server = createServer((_, response) => response.end("x"));
  const guarded = guard(server, { path: path({ "upstream keepalive_timeout": 30_000 }) });
  try {
    assert.equal(guarded.options.role, "proxy");
    assert.equal(guarded.options.proxyIdleMs, 30_000);
    assert.ok(!guarded.warnings.some((warning) => warning.includes("keepAliveMs") || warning.includes("->")), guarded.warnings.join("\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const [response] = (await once(
      get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", agent: false, headers: { connection: "keep-alive" } }),
      "response",
    )) as [IncomingMessage];
    response.resume();
    assert.equal(response.headers["keep-alive"], `timeout=${guarded.options.keepAliveMs / 1_000}`);
    assert.ok(guarded.options.keepAliveMs >= 33_000 && guarded.options.keepAliveMs < 40_000);
  } finally {
    await guarded.drain({ drainMs: 1_000 });
    guarded.release();
  }
});

it("refuses an option that the path contradicts, and a place that is none", () => {
  const attempt = (options: Parameters<typeof guard>[1]) => () => guard(createServer(), options).release();
  assert.throws(
    attempt({ path: path(), keepAliveMs: 30_000 }),
    (thrown) => thrown instanceof TypeError && /`keepAliveMs`.*A1 on edge -> app.*60 s \+ 6 s <= 30 s/.test(thrown.message),
  );
  assert.throws(attempt({ path: path(), proxyIdleMs: 10_000 }), /Expected no `proxyIdleMs` beside `path`, which says 60000 of edge/);
  assert.throws(attempt({ hop: "app" }), /Expected `path` with `hop`/);
  assert.throws(attempt({ path: path(), hop: "api" }), /one of users, edge, app, got api/);
  assert.throws(
    attempt({
      path: {
        hops: [
          { name: "x", product: "no-such", values: {} },
          { name: "app", product: "node", values: {} },
        ],
      },
    }),
    /no-such/,
  );
});

it("takes a pool that is emptied by halves for as long as it lasts", () => {
  const behind = (options: Parameters<typeof guard>[1]) =>
    guard(createServer(), {
      path: {
        hops: [
          { name: "edge", product: "haproxy", values: {} },
          { name: "app", product: "node", values: {} },
        ],
      },
      ...options,
    });
  const guarded = behind({});
  assert.equal(guarded.options.proxyIdleMs, 50_000);
  guarded.release();
  behind({ proxyIdleMs: 50_000 }).release();
});

it("keeps connections of browsers as short as browsers come back, where nothing stands before it", () => {
  const guarded = guard(createServer(), { path: { hops: [path().hops[0], path().hops[2]].filter((hop) => hop !== undefined) } });
  assert.equal(guarded.options.role, "browser");
  assert.equal(guarded.options.keepAliveMs, 15_000);
  guarded.release();
});

it("tells of what it can not mend", () => {
  const through: DeclaredPath = {
    hops: [
      { name: "cdn", product: "cloudflare", values: {} },
      { name: "lb", product: "aws-alb", values: {} },
      { name: "app", product: "node", values: {} },
    ],
  };
  const guarded = guard(createServer(), { path: through });
  assert.ok(
    guarded.warnings.some((warning) => warning.includes("cdn -> lb")),
    guarded.warnings.join("\n"),
  );
  guarded.release();
});

it("derives the drain where the path says how a deploy goes", () => {
  const guarded = guard(createServer(), { path: { ...path(), needs: { unreadyMs: 5_000, inFlightMs: 20_000, spreadMs: 10_000 } } });
  assert.equal(guarded.options.unreadyMs, 5_000);
  assert.equal(guarded.options.drainMs, 30_000);
  guarded.release();
});
