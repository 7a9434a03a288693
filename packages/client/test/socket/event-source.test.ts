/** The event source against bare HTTP servers that misbehave: the platform's interface, exact resume, silence, refusals, odd bytes. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, describe, test } from "node:test";
import { isFinalStatus, ReliableEventSource } from "../../src/socket/index.ts";
import { HttpServer, states, until } from "./support/servers.ts";

const opened = new Set<ReliableEventSource>();
const open = (...given: ConstructorParameters<typeof ReliableEventSource>): ReliableEventSource => {
  const source = new ReliableEventSource(...given);
  opened.add(source);
  return source;
};
after(() => {
  for (const source of opened) source.close();
});

/** What a source told, in order. */
function record(source: ReliableEventSource): string[] {
  const told: string[] = [];
  source.onopen = () => told.push("open");
  source.onmessage = ({ data }) => told.push(data);
  source.onerror = () => told.push(`error ${source.readyState}`);
  return told;
}

const eventStream = { "Content-Type": "text/event-stream;charset=utf-8" };
type Act = (response: ServerResponse, request: IncomingMessage, nth: number) => void;
/** A server that answers the nth request as `act` says, behind the head of an event stream. */
const streaming = (act: Act): Promise<HttpServer> =>
  new HttpServer((request, response, server) => {
    response.writeHead(200, eventStream).flushHeaders();
    act(response, request, server.requests.length);
  }).listen();
const ids = (server: HttpServer): (string | undefined)[] => server.requests.map(({ headers }) => headers["last-event-id"] as string | undefined);
/** How many requests have lost their connection. Not sockets: Node's fetch may dial ahead for a next request that never comes. */
const gone = (server: HttpServer): number => server.requests.filter(({ socket }) => socket.destroyed).length;

describe("as the platform's EventSource", { concurrency: 4 }, () => {
  test("messages, named events, ids, origin, states", async () => {
    await using server = await streaming((response) => response.write("\uFEFFid: é\ndata: one\n\nevent: named\ndata: two\n\n"));
    const source = open(server.url, { headers: { "X-Token": "t" } });
    assert.deepEqual([source.readyState, source.url, source.withCredentials], [ReliableEventSource.CONNECTING, server.url, false]);
    const got: unknown[] = [];
    for (const type of ["message", "named"]) {
      source.addEventListener(type, (event) => {
        const { data, lastEventId, origin } = event as MessageEvent;
        got.push([type, data, lastEventId, origin]);
      });
    }
    await until("two events", () => got.length === 2);
    const origin = new URL(server.url).origin;
    assert.deepEqual(got, [
      ["message", "one", "é", origin],
      ["named", "two", "é", origin],
    ]);
    const { accept, "x-token": token } = server.requests[0]?.headers ?? {};
    assert.deepEqual([accept, token, source.readyState], ["text/event-stream", "t", 1]);
    source.close();
    assert.deepEqual([source.readyState, source.status.getSnapshot().state], [2, "closed"]);
    await until("the connection is gone", () => gone(server) === 1);
  });

  test("an address that is none throws at once", () => {
    assert.throws(() => new ReliableEventSource("nowhere"), { name: "SyntaxError" });
  });

  test("close in the middle of a chunk stops at once", async () => {
    await using server = await streaming((response) => response.write("data: 1\n\ndata: 2\n\n"));
    const source = open(server.url);
    const told = record(source);
    source.addEventListener("message", () => source.close());
    await until("an event", () => source.readyState === 2);
    await until("the connection is gone", () => gone(server) === 1);
    assert.deepEqual(told, ["open", "1"]);
  });
});

describe("resume", { concurrency: 4 }, () => {
  test("a log is followed exactly, though every response is reset or ended at another byte, in mid-event too", async () => {
    const entries = Array.from({ length: 12 }, (_, n) => `id: ${n}\ndata: line ${n}\ndata: ä😀\n\n`);
    await using server = await streaming((response, request, nth) => {
      const next = Number(request.headers["last-event-id"] ?? -1) + 1;
      const bytes = Buffer.from(entries.slice(next).join(""));
      // Cut within the second event that is sent, each time at another byte of it.
      const whole = Buffer.byteLength(entries[next] ?? "");
      const cut = bytes.subarray(0, Math.min(bytes.length, whole + nth * 3));
      response.write(cut, () => {
        if (nth % 2 === 0) response.end();
        else setTimeout(() => response.socket?.resetAndDestroy(), 5);
      });
    });
    const source = open(server.url, { backoffCapMs: 5 });
    const told = record(source);
    const lines = (): string[] => told.filter((each) => each.startsWith("line"));
    await until("the whole log", () => lines().length >= 12, 15_000);
    assert.deepEqual(
      lines(),
      Array.from({ length: 12 }, (_, n) => `line ${n}\nä😀`),
    );
    assert.ok(server.requests.length > 6, `${server.requests.length} requests`);
    assert.ok(told.includes("error 0"));
  });

  test("an id without data counts, an unfinished one does not, and an id outside latin1 goes back in UTF-8", async () => {
    await using server = await streaming((response, _, nth) => response.end(["id: 日\n\n", "id: 2\ndata: x\n", ""][nth - 1] ?? "data: done\n\n"));
    const source = open(server.url, { backoffCapMs: 5 });
    const told = record(source);
    await until("the fourth response", () => told.includes("done"));
    assert.deepEqual(
      ids(server)
        .slice(0, 4)
        .map((id) => id && Buffer.from(id, "latin1").toString()),
      [undefined, "日", "日", "日"],
    );
  });

  test("address and headers are asked before every dial; onReconnect comes before open", async () => {
    await using server = await streaming((response) => response.end("data: x\n\n"));
    let n = 0;
    const told: string[] = [];
    const source = open(async () => `${server.url}?n=${++n}`, {
      headers: async () => ({ "X-N": String(n) }),
      onReconnect: () => told.push("reconnect"),
      backoffCapMs: 5,
    });
    source.onopen = () => told.push("open");
    await until("three requests", () => server.requests.length === 3);
    assert.deepEqual(
      server.requests.slice(0, 3).map(({ url, headers }) => [url, headers["x-n"]]),
      [1, 2, 3].map((each) => [`/?n=${each}`, String(each)]),
    );
    assert.deepEqual(told.slice(0, 3), ["open", "reconnect", "open"]);
  });

  test("retry: is waited for", async () => {
    await using server = await streaming((response) => response.end("retry: 300\ndata: x\n\n"));
    const endedMs: number[] = [];
    const source = open(server.url, { backoffCapMs: 5 });
    source.onerror = () => endedMs.push(performance.now());
    source.onopen = () => endedMs.length === 1 && endedMs.push(performance.now());
    await until("the second response", () => endedMs.length >= 2);
    assert.ok((endedMs[1] ?? 0) - (endedMs[0] ?? 0) >= 290);
  });
});

describe("refusals", { concurrency: 4 }, () => {
  test("503, 429 and a page of somebody else pass by themselves, Retry-After is obeyed; 204 stops", async () => {
    const answers: [number, Record<string, string>][] = [
      [503, {}],
      [429, { "Retry-After": "1" }],
      [200, { "Content-Type": "text/html" }],
      [200, eventStream],
      [204, {}],
    ];
    const atMs: number[] = [];
    await using server = await new HttpServer((_, response, { requests }) => {
      atMs.push(performance.now());
      const [status, headers] = answers[requests.length - 1] ?? [500, {}];
      response.writeHead(status, headers).end(status === 200 ? "data: x\n\n" : "");
    }).listen();
    const source = open(server.url, { backoffCapMs: 5 });
    const seen = states(source.status);
    const told = record(source);
    await until("the end", () => source.readyState === 2);
    assert.deepEqual(told, ["error 0", "error 0", "error 0", "open", "x", "error 0", "error 2"]);
    assert.ok((atMs[2] ?? 0) - (atMs[1] ?? 0) >= 990);
    const { state, code, peerCode } = source.status.getSnapshot();
    assert.deepEqual([state, code, peerCode], ["denied", "remote_refused", 204]);
    assert.ok(seen.some(({ reason }) => reason === "HTTP 503"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(server.requests.length, 5);
  });

  test("other 4xx are the last word unless the application says otherwise", async () => {
    assert.deepEqual([401, 403, 404, 408, 425, 429, 500, 503, 204, 200].map(isFinalStatus), [true, true, true, false, false, false, false, false, true, false]);
    await using server = await new HttpServer((_, response, { requests }) => {
      if (requests.length === 1) response.writeHead(401).end();
      else response.writeHead(200, eventStream).write("data: x\n\n");
    }).listen();
    const told = record(open(server.url, { isFinal: () => false, backoffCapMs: 5 }));
    await until("an event", () => told.includes("x"));
  });

  test("a server that is away, and one that never answers, are dialled again", async () => {
    await using server = await new HttpServer((_, response, { requests }) => {
      if (requests.length > 1) response.writeHead(200, eventStream).write("data: x\n\n");
    }).listen();
    await server.kill();
    const source = open(server.url, { connectMs: 150, backoffCapMs: 20 });
    const seen = states(source.status);
    const told = record(source);
    await until("a refused dial", () => told.length > 0);
    await server.listen();
    await until("an event", () => told.includes("x"));
    assert.deepEqual([...new Set(seen.map((each) => each.code))], ["connect_failed", "connect_timeout", null]);
  });
});

describe("silence and odd bytes", { concurrency: 4 }, () => {
  test("comments are proof of life; without them the connection is replaced and let go of", async () => {
    let beats: NodeJS.Timeout | undefined;
    await using server = await streaming((response, _, nth) => {
      response.write(`id: ${nth}\ndata: ${nth}\n\n`);
      if (nth === 1) beats = setInterval(() => response.write(":\n"), 50);
    });
    const source = open(server.url, { silenceMs: 300, ackMs: 100 });
    const seen = states(source.status);
    const told = record(source);
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.deepEqual([server.requests.length, told], [1, ["open", "1"]]);
    clearInterval(beats);
    const quietMs = performance.now();
    await until("the second connection", () => told.includes("2"));
    const offline = seen.find(({ state }) => state === "offline");
    assert.equal(offline?.code, "heartbeat_lost");
    assert.ok((offline?.atMs ?? Number.NaN) - quietMs < 600);
    assert.equal(ids(server)[1], "1");
    assert.deepEqual(told, ["open", "1", "error 0", "open", "2"]);
    await until("the silent one is let go of", () => gone(server) === 1);
  });

  test("silenceMs: Infinity waits for ever, and says that nothing proves the link", async () => {
    await using server = await streaming((response) => response.write(":\n"));
    const source = open(server.url, { silenceMs: Number.POSITIVE_INFINITY });
    await until("open", () => source.readyState === 1);
    assert.match(source.status.getSnapshot().reason, /nothing proves it/);
  });

  test("CR line ends, a byte order mark and characters cut between chunks are read as the standard says", async () => {
    const bytes = Buffer.from("\uFEFFdata: ä\rdata: 😀\r\rid: 1\rdata: \uFEFFb\r\n\r\n");
    await using server = await streaming((response) => {
      const from = (at: number): void => {
        if (at < bytes.length) response.write(bytes.subarray(at, at + 1), () => setImmediate(from, at + 1));
      };
      from(0);
    });
    const told = record(open(server.url));
    await until("two events", () => told.length === 3);
    assert.deepEqual(told, ["open", "ä\n😀", "\uFEFFb"]);
  });

  test("a line without an end is bounded, in memory too, and is the end: it would come again", async () => {
    await using server = await streaming((response) => {
      const more = (error?: Error | null): void => {
        if (!error) response.write("x".repeat(65_536), more);
      };
      response.write("data: ", more);
    });
    const source = open(server.url, { eventCharsMax: 500_000 });
    const told = record(source);
    await until("the end", () => source.readyState === 2);
    assert.deepEqual([told, source.status.getSnapshot().code, source.status.getSnapshot().state], [["open", "error 2"], "event_too_large", "denied"]);
    await until("the connection is gone", () => gone(server) === 1);
    const sent = server.requests[0]?.socket.bytesWritten ?? Number.NaN;
    assert.ok(sent < 16_000_000, `${sent} bytes`);
  });
});
