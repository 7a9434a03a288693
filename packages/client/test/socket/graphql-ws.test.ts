/** graphql-ws, its server and its client as they are: a subscription lives through resets, black holes and restarts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildSchema } from "graphql";
import { createClient } from "graphql-ws";
import { useServer as serve } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";
import { isFinalClose, ReliableWebSocket, reliable } from "../../src/socket/index.ts";
import { Middlebox } from "./support/middlebox.ts";
import { HttpServer, until } from "./support/servers.ts";

/** A counter that all subscriptions follow from where it stands. */
class Counter {
  n = 0;
  readonly #waiters = new Set<() => void>();

  get followers(): number {
    return this.#waiters.size;
  }
  add(): void {
    this.n++;
    for (const wake of [...this.#waiters]) wake();
  }
  /** By hand, because a generator that waits does not hear that it is to return. */
  follow(): AsyncIterableIterator<{ counted: number }> {
    let wake = (): void => {};
    let told = -1;
    let isOver = false;
    const next = async (): Promise<IteratorResult<{ counted: number }>> => {
      while (told === this.n && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          this.#waiters.add(wake);
        });
        this.#waiters.delete(wake);
      }
      told = this.n;
      return isOver ? { done: true, value: undefined } : { done: false, value: { counted: told } };
    };
    const end = async (): Promise<IteratorResult<{ counted: number }>> => {
      isOver = true;
      wake();
      return { done: true, value: undefined };
    };
    const iterator = { next, return: end, [Symbol.asyncIterator]: (): AsyncIterableIterator<{ counted: number }> => iterator };
    return iterator;
  }
}

class GraphServer extends HttpServer {
  readonly counter = new Counter();
  /** Initialisations of connections, and subscriptions, so far. */
  inits = 0;
  subscriptions = 0;

  constructor() {
    super((_, response) => response.writeHead(404).end());
  }
  override async listen(): Promise<this> {
    await super.listen();
    const schema = buildSchema("type Query { n: Int } type Subscription { counted: Int }");
    const roots = { subscription: { counted: () => this.counter.follow() } };
    const options = { schema, roots, onConnect: () => void this.inits++, onSubscribe: () => void this.subscriptions++ };
    serve(options, new WebSocketServer({ server: this.server }), 200);
    return this;
  }
}

const ping = JSON.stringify({ type: "ping" });
const isPong = (data: unknown): boolean => data === JSON.stringify({ type: "pong" });
const times = { heartbeatMs: 100, ackMs: 200, backoffCapMs: 200, ping, isPong } as const;

type Client = ReturnType<typeof createClient>;

/** Subscribes; what came, and how it ended. */
function follow(client: Client): { seen: number[]; ends: unknown[] } {
  const seen: number[] = [];
  const ends: unknown[] = [];
  client.subscribe<{ counted: number }>(
    { query: "subscription { counted }" },
    { next: ({ data }) => data && seen.push(data.counted), error: (error) => ends.push(error), complete: () => ends.push("complete") },
  );
  return { seen, ends };
}

/** The recipe of docs/socket.md: a socket that says again what graphql-ws said, once the new link is acknowledged. */
class RestoringSocket extends ReliableWebSocket {
  readonly #subscribed = new Map<string, string>();
  #mustRestore = false;

  constructor(url: string, protocols?: string | string[]) {
    super(url, protocols, { ...times, onReconnect: () => this.#again() });
    this.addEventListener("message", (event) => {
      const { type, id } = JSON.parse((event as MessageEvent).data);
      if (type === "complete" || type === "error") this.#subscribed.delete(id);
      if (type !== "connection_ack" || !this.#mustRestore) return;
      this.#mustRestore = false;
      for (const message of this.#subscribed.values()) super.send(message);
    });
  }
  #again(): void {
    this.#mustRestore = true;
  }
  override send(text: string): void {
    const { type, id } = JSON.parse(text);
    super.send(text);
    if (type === "subscribe") this.#subscribed.set(id, text);
    if (type === "complete") this.#subscribed.delete(id);
  }
}

const ways = {
  "restored by graphql-ws": (url: string): Client =>
    createClient({ url, webSocketImpl: reliable(times), retryAttempts: Number.POSITIVE_INFINITY, retryWait: async () => {}, shouldRetry: () => true }),
  "restored by onReconnect, without graphql-ws taking notice": (url: string): Client => createClient({ url, webSocketImpl: RestoringSocket, retryAttempts: 0 }),
};

for (const [name, connect] of Object.entries(ways)) {
  describe(`a subscription ${name}`, { concurrency: 3 }, () => {
    test("survives a reset", async () => {
      await using server = await new GraphServer().listen();
      const client = connect(server.url.replace("http", "ws"));
      const { seen, ends } = follow(client);
      for (let round = 1; round <= 3; round++) {
        await until("subscribed", () => server.subscriptions === round);
        server.counter.add();
        await until("an event", () => seen.at(-1) === server.counter.n);
        for (const socket of server.sockets) socket.resetAndDestroy();
      }
      await until("subscribed", () => server.subscriptions === 4);
      server.counter.add();
      await until("the last event", () => seen.at(-1) === 4);
      assert.deepEqual(ends, []);
      assert.equal(server.inits, 4);
      await client.dispose();
      await until("the socket is let go", () => server.sockets.size === 0);
    });

    test("survives a black hole that leaves both sockets open, and a restart", async () => {
      await using server = await new GraphServer().listen();
      await using proxy = await Middlebox.before(server.port);
      const client = connect(proxy.url("/", "ws"));
      const { seen, ends } = follow(client);
      await until("subscribed", () => seen.length === 1);
      proxy.swallowOpen("both");
      const holeMs = performance.now();
      await until("subscribed over another link", () => server.subscriptions === 2);
      assert.ok(performance.now() - holeMs < 3_000);
      server.counter.add();
      await until("an event", () => seen.at(-1) === 1);
      await server.kill();
      await until("the server has noticed", () => server.counter.followers === 0);
      await server.listen();
      server.counter.add();
      await until("an event after the restart", () => seen.at(-1) === 2, 20_000);
      assert.deepEqual(ends, []);
      await client.dispose();
    });
  });
}

test("graphql-ws keeps its own word on close codes that it takes for final", async () => {
  await using server = await new HttpServer((_, response) => response.end()).listen();
  const hub = new WebSocketServer({ server: server.server });
  hub.on("connection", (peer) => peer.on("message", () => peer.close(4400, "Bad request")));
  const client = createClient({ url: server.url.replace("http", "ws"), webSocketImpl: reliable(times) });
  const { ends } = follow(client);
  await until("an end", () => ends.length === 1);
  assert.equal((ends[0] as CloseEvent).code, 4400);
  assert.equal(isFinalClose({ code: 4400 }), false);
});

test("a server that closes at once is not dialled without pause, though graphql-ws comes back without delay", async () => {
  await using server = await new HttpServer((_, response) => response.end()).listen();
  const hub = new WebSocketServer({ server: server.server });
  const dialledMs: number[] = [];
  hub.on("connection", (peer) => {
    dialledMs.push(performance.now());
    peer.close(4001, "not now");
  });
  const client = createClient({
    url: server.url.replace("http", "ws"),
    webSocketImpl: reliable({ ...times, backoffCapMs: 400 }),
    retryAttempts: Number.POSITIVE_INFINITY,
    retryWait: async () => {},
    shouldRetry: () => true,
  });
  follow(client);
  await until("ten dials", () => dialledMs.length === 10);
  const spanMs = (dialledMs.at(-1) ?? 0) - (dialledMs[0] ?? 0);
  // Nine waits of 200 ms on average.
  assert.ok(spanMs > 400, `ten dials within ${spanMs} ms`);
  client.terminate();
  await client.dispose();
});
