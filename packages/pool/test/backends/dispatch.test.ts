/** Requests over several backends, on real sockets: each backend is a server of Node behind an undici client of its own. */
import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, Dispatcher } from "undici";
import { Balancer } from "../../src/backends/balancer.ts";
import type { BackendChange } from "../../src/backends/changes.ts";
import { dispatchBalanced } from "../../src/backends/dispatch.ts";
import { type BackendOptions, resolveBackendOptions } from "../../src/backends/options.ts";
import { outcomeOfError } from "../../src/backends/outcomes.ts";
import { PoolError } from "../../src/pool-error.ts";
import { seeded } from "./support.ts";

const servers: Server[] = [];
const clients: Client[] = [];
after(async () => {
  await Promise.all(clients.map((client) => client.destroy()));
  for (const server of servers) server.close().closeAllConnections();
});

interface Origin {
  readonly origin: string;
  requests: number;
  answer: RequestListener;
}

async function origin(answer: RequestListener = (_, response) => void response.end("hello")): Promise<Origin> {
  const made = { origin: "", requests: 0, answer };
  const server = createServer((request, response) => {
    made.requests++;
    made.answer(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  made.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return made;
}

/** A port at which nobody listens any more. */
async function nobody(): Promise<string> {
  const { origin: gone } = await origin();
  const server = servers.pop() as Server;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return gone;
}

class Balanced extends Dispatcher {
  readonly changes: BackendChange[] = [];
  readonly balancer: Balancer;
  readonly #options: BackendOptions;
  readonly #clients = new Map<string, Client>();
  readonly clock = { monoMs: () => performance.now(), wallMs: () => Date.now(), after: () => assert.fail("no timer is needed") };

  constructor(origins: readonly string[], given: Partial<BackendOptions> = {}) {
    super();
    this.#options = resolveBackendOptions(given);
    this.balancer = new Balancer(
      origins.map((each) => ({ origin: each })),
      this.#options,
      seeded(1),
      performance.now(),
      (change) => this.changes.push(change),
    );
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const send = (chosen: Dispatcher.DispatchOptions & { readonly origin: string }, to: Dispatcher.DispatchHandler): boolean => {
      const client = this.#clients.get(chosen.origin) ?? new Client(chosen.origin, { pipelining: 1 });
      if (!this.#clients.has(chosen.origin)) clients.push(client);
      this.#clients.set(chosen.origin, client);
      return client.dispatch(chosen, to);
    };
    return dispatchBalanced({ balancer: this.balancer, options: this.#options, clock: this.clock, send }, options, handler);
  }

  async get(method: "GET" | "POST" = "GET"): Promise<number> {
    const { statusCode, body } = await this.request({ origin: "http://service", path: "/", method, ...(method === "POST" ? { body: "once" } : {}) });
    await body.dump();
    return statusCode;
  }

  of(at: string) {
    return this.balancer.stats(performance.now()).find((each) => each.origin === at) ?? assert.fail(at);
  }
}

describe("requests over several backends", () => {
  test("go to all of them, and each answer is counted where it came from", async () => {
    const [a, b] = [await origin(), await origin()];
    const balanced = new Balanced([a.origin, b.origin]);
    for (let i = 0; i < 40; i++) assert.equal(await balanced.get(), 200);
    assert.equal(a.requests + b.requests, 40);
    assert.ok(a.requests > 5 && b.requests > 5, `${a.requests} and ${b.requests}`);
    assert.deepEqual([balanced.of(a.origin).outcomes.ok, balanced.of(a.origin).inFlight], [a.requests, 0]);
  });

  test("a backend that refuses connections costs no request: the next one is tried, and it is ejected", async () => {
    const [gone, b] = [await nobody(), await origin()];
    const balanced = new Balanced([gone, b.origin]);
    for (let i = 0; i < 30; i++) assert.equal(await balanced.get(i % 2 === 0 ? "GET" : "POST"), 200);
    assert.equal(b.requests, 30);
    assert.deepEqual(
      balanced.changes.map(({ code, backend }) => [code, backend]),
      [["ejected_unreached", gone]],
    );
  });

  test("when no backend can be reached the caller gets the system's word for it", async () => {
    const balanced = new Balanced([await nobody(), await nobody()]);
    await assert.rejects(balanced.get(), (error: NodeJS.ErrnoException) => error.code === "ECONNREFUSED");
  });

  test("a backend that answers 503 is ejected, tried with one request, and back when that succeeds", async () => {
    const [a, b] = [await origin((_, response) => void response.writeHead(503).end()), await origin()];
    const balanced = new Balanced([a.origin, b.origin], { ejectMs: 60, failedInRowMax: 3 });
    const deadlineMs = performance.now() + 20_000;
    const until = async (met: () => boolean): Promise<void> => {
      while (!met()) {
        assert.ok(performance.now() < deadlineMs, JSON.stringify(balanced.changes));
        await balanced.get();
        await sleep(2);
      }
    };
    await until(() => balanced.changes.some(({ code }) => code === "trial_failed"));
    a.answer = (_, response) => void response.end("hello");
    await until(() => balanced.changes.some(({ code }) => code === "returned"));
    assert.equal(balanced.changes[0]?.code, "ejected_failing");
    assert.equal(balanced.of(a.origin).state, "slow-start");
  });

  test("a request of which something was sent is never sent to another backend", async () => {
    const [a, b] = [await origin((request) => void request.socket.destroy()), await origin((request) => void request.socket.destroy())];
    const balanced = new Balanced([a.origin, b.origin]);
    await assert.rejects(balanced.get("POST"));
    assert.equal(a.requests + b.requests, 1);
  });

  test("a caller that leaves frees its place, and the backend is not blamed", async () => {
    const a = await origin(() => {});
    const balanced = new Balanced([a.origin]);
    const leaving = new AbortController();
    const asked = balanced.request({ origin: "http://service", path: "/", method: "GET", signal: leaving.signal });
    while (a.requests === 0) await sleep(2);
    assert.equal(balanced.of(a.origin).inFlight, 1);
    leaving.abort();
    await assert.rejects(asked);
    assert.deepEqual([balanced.of(a.origin).inFlight, balanced.of(a.origin).outcomes.abandoned], [0, 1]);
  });

  test("an upgraded connection counts as under way until it ends", async () => {
    const a = await origin();
    (servers.at(-1) as Server).on("upgrade", (_, socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"));
    const balanced = new Balanced([a.origin]);
    // `dispatch` gives the origin; `upgrade` of a dispatcher asks for one in its options.
    const { socket } = await balanced.upgrade({ path: "/", protocol: "echo" });
    assert.equal(balanced.of(a.origin).inFlight, 1);
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.destroy();
    await closed;
    assert.equal(balanced.of(a.origin).inFlight, 0);
  });
});

test("errors are told apart by their codes: the backend's, the way to it, and everybody else's", () => {
  const coded = (code: string): Error => Object.assign(new Error("x"), { code });
  assert.equal(outcomeOfError(new PoolError("connect_failed", ""), false), "not_reached");
  assert.equal(outcomeOfError(new PoolError("connection_lost", ""), false), "failed");
  assert.equal(outcomeOfError(new PoolError("queue_full", ""), false), "abandoned");
  assert.equal(outcomeOfError(coded("UND_ERR_SOCKET"), false), "failed");
  assert.equal(outcomeOfError(coded("UND_ERR_CONNECT_TIMEOUT"), false), "not_reached");
  assert.equal(outcomeOfError(coded("UND_ERR_INVALID_ARG"), false), "abandoned");
  assert.equal(outcomeOfError(coded("UND_ERR_SOCKET"), true), "abandoned");
  assert.equal(outcomeOfError(null, false), "failed");
});
