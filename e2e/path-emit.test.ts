/**
 * From a declared path to running configurations: timers drawn at random, a plan derived, nginx, HAProxy and Caddy and a Node server run on what is emitted
 * from it, and traffic driven at the edge of every timer. No request fails and no stream ends; with one link's order reversed, requests do fail.
 *
 *     driver ──keep-alive──▶ edge (emitted) ──pool──▶ lab, some ms of latency ──▶ Node (emitted timers, or guard with emitted options)
 *
 * The path's round trips are declared as 50 ms, so that margins are a few seconds; everything else is the ladder as it stands.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, get, type RequestListener, type Server, type ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { ClientOptions } from "@holdfast/client";
import { type Guard, type GuardOptions, guard, resolveGuardOptions } from "@holdfast/guard";
import { createRandom, latency, openProxy } from "@holdfast/lab";
import { type DeclaredPath, type Plan, planPath, type Value } from "@holdfast/path";
import { emitters } from "@holdfast/path/emit";
import { type HttpPoolOptions, httpPool } from "@holdfast/pool";
import { WebSocket, WebSocketServer } from "ws";
import { EdgeClient, type Method } from "../bench/lib/keep-alive/client.ts";
import { freePort } from "../bench/lib/listening.ts";
import { needs } from "../scripts/test-support/needs.ts";
import { checkEmitted, type EmittedTool, emittedTools, installedVersion, runEmitted } from "./support/emitted.ts";

const seed = Number(process.env["HOLDFAST_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
/** One way between edge and origin: on loopback a FIN and a request hardly ever cross. */
const delayMs = 5;
const clients = 24;
const attemptsMax = 8;

interface Drawn {
  /** How long the driver keeps a connection to the edge. */
  readonly driverMs: number;
  /** The edge's pool towards Node. */
  readonly poolMs: number;
  /** The edge's timer for silent streams. */
  readonly silenceMs: number;
}

/**
 * HAProxy sends only what follows on a client's connection over a pooled one (`http-reuse safe`), so there the driver has to wait on its own for longer
 * than Node does.
 */
function draw(tool: EmittedTool, random: { float(): number }): Drawn {
  const between = (from: number, to: number): number => Math.round(from + random.float() * (to - from));
  return { driverMs: tool === "haproxy" ? between(10_000, 11_000) : between(1_200, 2_000), poolMs: between(1_000, 1_700), silenceMs: between(4_500, 5_500) };
}

const valuesOf: Readonly<Record<EmittedTool, (drawn: Drawn) => Readonly<Record<string, Value>>>> = {
  nginx: ({ poolMs, silenceMs }) => ({
    // What keeps connections before 1.29.7, and does no harm after it.
    "upstream keepalive": 64,
    proxy_http_version: "1.1",
    "proxy_set_header Connection": "",
    "upstream keepalive_timeout": poolMs,
    proxy_read_timeout: silenceMs,
    keepalive_timeout: 1_000,
  }),
  haproxy: ({ poolMs, silenceMs }) => ({
    // Its pool lasts ten times that.
    "pool-purge-delay": Math.round(poolMs / 3),
    "timeout connect": 5_000,
    "timeout client": silenceMs + 1_000,
    "timeout server": silenceMs,
    "timeout tunnel": silenceMs,
    "timeout http-keep-alive": 1_000,
  }),
  caddy: ({ poolMs, silenceMs }) => ({
    "timeouts idle": 1_000,
    "transport keepalive": poolMs,
    "transport read_timeout": silenceMs,
    "transport keepalive_idle_conns_per_host": 64,
  }),
};

/** The edge's own timer towards the driver is declared too short, so that the plan has something to mend there and at Node. */
function pathOf(tool: EmittedTool, drawn: Drawn): DeclaredPath {
  const idle = {
    name: "idle",
    classes: ["A"],
    side: "server",
    unit: "ms",
    default: drawn.driverMs,
    grade: "measured",
    source: "this test",
    date: "2026-11",
  } as const;
  return {
    products: { driver: { name: "the driver of this test", kind: "proxy", knobs: [idle] } },
    rttMs: { user: 50, inside: 50 },
    hops: [
      { name: "driver", product: "driver", values: {} },
      { name: "edge", product: tool, version: installedVersion(tool), values: valuesOf[tool](drawn) },
      { name: "app", product: "node", values: { keepAliveTimeout: 1_000 } },
    ],
  };
}

interface EmittedNode {
  readonly serverOptions: ServerOptions;
  readonly guardOptions: Partial<GuardOptions>;
  setTimers(server: Server): Server;
}

interface EmittedHoldfast {
  readonly guardOptions: Partial<GuardOptions>;
  readonly poolOptions: Partial<HttpPoolOptions>;
  readonly clientOptions: ClientOptions;
}

/** What `holdfast serve` makes of a configuration file, for the settings that the file has. */
async function settingsOf(text: string): Promise<{ kept: unknown; given: unknown }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-emit-serve-"));
  try {
    writeFileSync(join(folder, "serve.json"), text);
    const main = fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--conditions=source",
      main,
      "serve",
      "--config",
      join(folder, "serve.json"),
      "--print-config",
      "--json",
    ]);
    const given = JSON.parse(text) as Record<string, unknown>;
    const { settings } = JSON.parse(stdout) as { settings: Readonly<Record<string, { readonly value: unknown }>> };
    return { given, kept: Object.fromEntries(Object.keys(given).map((name) => [name, settings[name]?.value])) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs an emitted module. */
async function loadModule<Module>(text: string): Promise<Module> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-emit-node-"));
  try {
    writeFileSync(join(folder, "timers.mjs"), text);
    return (await import(pathToFileURL(join(folder, "timers.mjs")).href)) as Module;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Origin extends AsyncDisposable {
  readonly port: number;
}

/** A server of hellos, event streams and WebSockets, with the heartbeat that the plan wants. */
async function openOrigin({ serverOptions, guardOptions, setTimers }: EmittedNode, isGuarded: boolean, heartbeatMs: number): Promise<Origin> {
  const answer: RequestListener = (request, response) => {
    if (request.url?.startsWith("/events") !== true) {
      request.resume();
      response.end("hello");
      return;
    }
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
    response.write("data: first\n\n");
    if (request.url.endsWith("silent")) return;
    const beat = setInterval(() => response.write(":\n\n"), heartbeatMs);
    response.on("close", () => clearInterval(beat));
  };
  const server = createServer(serverOptions, answer);
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    const beat = setInterval(() => socket.ping(), heartbeatMs);
    socket.on("close", () => clearInterval(beat)).on("error", () => undefined);
  });
  const guarded: Guard | null = isGuarded ? guard(server, guardOptions) : null;
  if (guarded === null) setTimers(server);
  else
    assert.deepEqual(
      guarded.warnings.filter((warning) => warning.includes("Ms")),
      [],
    );
  await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 1_024 }, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      guarded?.release();
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const given = new Set<number>();

/** A free port that no other site here was given: a port is free again until its tool listens. */
async function ownPort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (given.has(port)) continue;
    given.add(port);
    return port;
  }
}

interface Site extends AsyncDisposable {
  readonly port: number;
  readonly plan: Plan;
  readonly node: EmittedNode;
}

/** Everything of a path, running. `spoil` changes what was emitted for Node. */
async function openSite(tool: EmittedTool, drawn: Drawn, isGuarded: boolean, spoil: (node: string) => string = (node) => node): Promise<Site> {
  const plan = planPath(pathOf(tool, drawn));
  assert.deepEqual(plan.impossible, []);
  assert.ok(
    plan.violations.some(({ where }) => where === "driver -> edge"),
    "the plan sees what was declared too short",
  );
  const node = await loadModule<EmittedNode>(spoil(emitters.node(plan)));
  const port = await ownPort();
  await using stack = new AsyncDisposableStack();
  const origin = stack.use(await openOrigin(node, isGuarded, plan.streams.heartbeatMs));
  const lab = await openProxy({ target: { host: "127.0.0.1", port: origin.port }, seed });
  stack.defer(() => lab.close());
  lab.add(latency({ delayMs }));
  stack.use(await runEmitted(tool, emitters[tool](plan, { listen: `127.0.0.1:${port}`, to: `127.0.0.1:${lab.port}` }), port));
  const kept = stack.move();
  return { port, plan, node, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

interface Tally {
  sent: number;
  readonly failed: Record<string, number>;
}

/** Requests before and after each of these timers fires, from clients that give up idle connections as the path says of them. */
async function drive(port: number, { driverMs }: Drawn, edgesMs: readonly number[], random: { float(): number }): Promise<Readonly<Record<Method, Tally>>> {
  const tallies = { GET: { sent: 0, failed: {} }, POST: { sent: 0, failed: {} } } as Record<Method, Tally>;
  const note = (method: Method, outcome: number | "closed"): void => {
    tallies[method].sent++;
    if (outcome !== 200) tallies[method].failed[outcome] = (tallies[method].failed[outcome] ?? 0) + 1;
  };
  const run = async (client: EdgeClient, method: Method): Promise<void> => {
    for (const edgeMs of edgesMs) {
      note(method, await client.send(method));
      const pauseMs = edgeMs - 40 + random.float() * 60;
      await sleep(Math.min(pauseMs, driverMs));
      if (pauseMs > driverMs) {
        client.close();
        await sleep(pauseMs - driverMs);
      }
      note(method, await client.send(method));
    }
    client.close();
  };
  await Promise.all(Array.from({ length: clients }, (_, i) => run(new EdgeClient(port), i % 2 === 0 ? "GET" : "POST")));
  return tallies;
}

interface Held {
  readonly beats: number;
  readonly ended: boolean;
}

/** An event stream, read until it ends or for `forMs`. */
function holdEvents(port: number, path: string, forMs: number): Promise<Held> {
  return new Promise((resolve) => {
    let beats = 0;
    const request = get({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      const timer = setTimeout(() => done(false), forMs);
      const done = (ended: boolean): void => {
        clearTimeout(timer);
        resolve({ beats, ended });
        request.destroy();
      };
      response.on("data", (chunk: Buffer) => {
        beats += chunk.toString().split("\n:").length - 1 + (chunk.toString().startsWith(":") ? 1 : 0);
      });
      response.on("error", () => undefined).on("close", () => done(true));
    });
    request.on("error", () => resolve({ beats, ended: true }));
  });
}

function holdSocket(port: number, forMs: number): Promise<Held> {
  return new Promise((resolve) => {
    let beats = 0;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
    const timer = setTimeout(() => done(false), forMs);
    const done = (ended: boolean): void => {
      clearTimeout(timer);
      resolve({ beats, ended });
      socket.terminate();
    };
    socket.on("ping", () => beats++).on("error", () => undefined);
    socket.on("close", () => done(true));
  });
}

const failures = (tallies: Readonly<Record<Method, Tally>>): Record<string, number> => ({ ...tallies.GET.failed, ...tallies.POST.failed });
const derived = (plan: Plan, hop: string, knob: string): number => Number(plan.derived.find((one) => one.hop === hop && one.knob === knob)?.value);

describe("emitted configurations", { concurrency: 8 }, () => {
  const random = createRandom(seed);
  for (const tool of emittedTools) {
    for (const isGuarded of [false, true]) {
      const drawn = draw(tool, random);
      const own = createRandom(seed + (isGuarded ? 1 : 0));
      it(`of ${tool} before ${isGuarded ? "a guarded" : "a plain"} Node server: no request fails at the edge of a timer, no stream ends`, {
        skip: needs(tool),
      }, async (t) => {
        t.diagnostic(`seed ${seed}: ${JSON.stringify(drawn)}`);
        await using site = await openSite(tool, drawn, isGuarded);
        const { plan, port } = site;
        const keptMs = isGuarded ? Number(site.node.guardOptions.keepAliveMs) : derived(plan, "app", "keepAliveTimeout") + 1_000;
        const holdMs = drawn.silenceMs * 2 + 500;
        const [tallies, events, socket, silent] = await Promise.all([
          drive(port, drawn, [drawn.poolMs, drawn.driverMs, drawn.poolMs, keptMs], own),
          holdEvents(port, "/events", holdMs),
          holdSocket(port, holdMs),
          holdEvents(port, "/events/silent", holdMs),
        ]);
        t.diagnostic(JSON.stringify({ heartbeatMs: plan.streams.heartbeatMs, keptMs, tallies, events, socket, silent }));
        assert.ok(tallies.GET.sent >= clients && tallies.POST.sent >= clients);
        assert.deepEqual(failures(tallies), {});
        assert.deepEqual([events.ended, socket.ended], [false, false]);
        assert.ok(events.beats >= 2 && socket.beats >= 2);
        assert.equal(silent.ended, true, "without the heartbeat the same stream is cut");
      });
    }
  }

  for (const tool of emittedTools) {
    it(`of ${tool} are accepted by ${tool} for random paths, what it warns of included`, { skip: needs(tool) }, (t) => {
      const own = createRandom(seed);
      for (let round = 0; round < 4; round++) {
        const drawn = draw(tool, own);
        const text = emitters[tool](planPath(pathOf(tool, drawn)));
        const { ok, said } = checkEmitted(tool, text);
        t.diagnostic(`seed ${seed}, round ${round}: ${JSON.stringify(drawn)}`);
        assert.ok(ok, said);
        assert.doesNotMatch(said, /\[warn\]|WARNING|"level":"warn".*(deprecat|unformatted)/i, said);
        // What nginx itself read, comments aside.
        if (tool === "nginx") assert.match(said, new RegExp(`keepalive_timeout ${drawn.poolMs}ms;|keepalive_timeout ${drawn.poolMs / 1_000}s;`));
      }
    });
  }

  it("of Node and Holdfast run: the server has the timers, guard, pool, client and `serve` take the options", async () => {
    const plan = planPath({ hops: ["aws-alb", "nginx", "node", "undici", "node"].map((product, i) => ({ name: `${product} ${i}`, product, values: {} })) });
    const { serverOptions, setTimers } = await loadModule<EmittedNode>(emitters.node(plan));
    const server = setTimers(createServer(serverOptions));
    assert.equal(server.keepAliveTimeout, derived(plan, "node 2", "keepAliveTimeout"));
    const options = await loadModule<EmittedHoldfast>(emitters.holdfast(plan));
    assert.equal(resolveGuardOptions(options.guardOptions).proxyIdleMs, 60_000);
    await httpPool(options.poolOptions).close();
    assert.equal(options.poolOptions.idleMs, derived(plan, "undici 3", "keepAliveTimeout"));
    assert.ok((options.clientOptions.probeTimeoutMs ?? 0) >= 5_000);
    const { kept, given } = await settingsOf(emitters.serve(plan));
    assert.deepEqual(kept, given);
  });

  it("of nginx before a Node server whose timer is put below nginx's: requests fail", { skip: needs("nginx") }, async (t) => {
    const drawn = { driverMs: 5_000, poolMs: 1_600, silenceMs: 5_000 };
    const shorter = (node: string): string => {
      const spoilt = node
        .replace(/keepAliveTimeout = [\d_]+/, "keepAliveTimeout = 700")
        .replace(/keepAliveTimeoutBuffer = [\d_]+/, "keepAliveTimeoutBuffer = 0");
      assert.notEqual(spoilt, node);
      return spoilt;
    };
    await using site = await openSite("nginx", drawn, false, shorter);
    let failed = 0;
    for (let attempt = 0; attempt < attemptsMax && failed === 0; attempt++) {
      const tallies = await drive(site.port, drawn, [700, 700], createRandom(seed + attempt));
      failed = Object.values(failures(tallies)).reduce((sum, count) => sum + count, 0);
      t.diagnostic(`seed ${seed + attempt}: ${JSON.stringify(tallies)}`);
    }
    assert.ok(failed > 0);
  });
});
