/** What becomes of requests when a server leaves: what it did not process is sent again, what it finished counts, the rest is told truly. */
import assert from "node:assert/strict";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { data, frameTypes, rstStream } from "../../../../scripts/test-support/http2-frames.ts";
import { PoolError } from "../../src/pool-error.ts";
import { client, eventually, listening } from "./support/origins.ts";
import { answerHead, endsRequest, type RawPeer, rawServer } from "./support/raw-server.ts";

const announced = 0x7fff_ffff;
const internalError = 2;
const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

test("streams above the last one of a GOAWAY are sent again, whatever their method, and the others are finished where they are", async (t) => {
  const asked: number[] = [];
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    if (peer.number > 1) return peer.answer(one.stream, "second");
    asked.push(one.stream);
    if (asked.length < 4) return;
    peer.goaway(asked[1] ?? 0);
    for (const stream of asked.slice(0, 2)) peer.answer(stream, "first");
  });
  const { ask, origin, connections } = client(t, raw.port);
  const told = await many(4, (i) => ask("/", { method: "POST", body: `body ${i}` }));
  assert.deepEqual(
    told.map(({ body }) => String(body)),
    ["first", "first", "second", "second"],
  );
  assert.deepEqual(
    told.map(({ trace }) => trace.retries),
    [0, 0, 1, 1],
  );
  assert.deepEqual([connections(), origin.stats().resent, origin.stats().failed], [2, 2, 0]);
  assert.ok(await eventually(() => origin.stats().ended.goaway === 1));
});

test("a GOAWAY in two steps costs nothing: the first takes no more, the second says what was processed", async (t) => {
  const asked: number[] = [];
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    if (peer.number > 1) return peer.answer(one.stream, "second");
    asked.push(one.stream);
    if (asked.length === 3) peer.goaway(announced);
  });
  const { ask, origin } = client(t, raw.port);
  const three = many(3, () => ask("/", { method: "POST", body: "x" }));
  assert.ok(await eventually(() => origin.stats().sessions[0]?.life === "leaving"));
  assert.equal(String((await ask("/")).body), "second", "nothing new goes to a session that was announced to end");
  const [peer] = raw.peers as [RawPeer];
  assert.equal(peer.count(frameTypes.headers), 3);
  peer.goaway(asked[1] ?? 0);
  for (const stream of asked.slice(0, 2)) peer.answer(stream, "first");
  assert.deepEqual(
    (await three).map(({ body }) => String(body)),
    ["first", "first", "second"],
  );
  assert.equal(origin.stats().failed, 0);
});

test("a GOAWAY that names no stream, and a closed connection: only what is harmless is repeated, and only once", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    if (peer.number > 1) return peer.answer(one.stream);
    if (peer.count(frameTypes.headers) < 3) return;
    peer.goaway(announced);
    peer.socket.end();
  });
  const { ask, origin } = client(t, raw.port);
  const [get, put, post] = await Promise.all([
    ask("/").then(({ status }) => status),
    ask("/", { method: "PUT", body: "x" }).then(({ status }) => status),
    ask("/", { method: "POST", body: "x" }).catch((error: unknown) => error),
  ]);
  assert.deepEqual([get, put], [200, 200]);
  assert.ok(post instanceof PoolError);
  assert.deepEqual([post.code, post.outcome], ["connection_lost", "unknown"]);
  assert.equal(origin.stats().resent, 2);
});

test("a GOAWAY with an error still says what was not processed, and only the rest is in doubt", async (t) => {
  const asked: number[] = [];
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    if (peer.number > 1) return peer.answer(one.stream);
    asked.push(one.stream);
    if (asked.length === 3) peer.goaway(asked[0] ?? 0, internalError);
  });
  const { failure, origin } = client(t, raw.port);
  const codes = await many(3, () => failure("/", { method: "POST", body: "x" }));
  assert.deepEqual(codes, ["connection_lost", "answered 200", "answered 200"]);
  assert.deepEqual(origin.stats().ended, { goaway_error: 1 });
});

test("a connection that dies twice under a GET is not tried a third time", async (t) => {
  const raw = await rawServer(t, (peer, one) => void (endsRequest(one) && peer.socket.resetAndDestroy()));
  const { failure, connections, origin } = client(t, raw.port);
  assert.equal(await failure("/"), "connection_lost");
  assert.equal(connections(), 2);
  assert.ok(await eventually(() => origin.stats().ended.server_reset === 2));
});

test("what has begun to be answered is never sent again", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    peer.send(answerHead(one.stream), data(one.stream, Buffer.from("half")));
    peer.goaway(0);
  });
  const { failure, origin } = client(t, raw.port);
  // A server that has answered a stream and then says that it did not process it contradicts itself.
  assert.equal(await failure("/"), "stream_reset");
  assert.equal(origin.stats().resent, 0);
});

test("a refused stream is sent again, with a body that was kept, until it has been refused too often", async (t) => {
  let refusals = 3;
  const bodies = new Map<number, string>();
  const raw = await rawServer(t, (peer, one) => {
    if (one.type === frameTypes.data) bodies.set(one.stream, (bodies.get(one.stream) ?? "") + String(one.payload));
    if (!endsRequest(one)) return;
    if (refusals-- > 0) peer.send(rstStream(one.stream, 7));
    else peer.answer(one.stream, bodies.get(one.stream));
  });
  const { ask, connections, origin, failure } = client(t, raw.port);
  const told = await ask("/", { method: "POST", body: Readable.from([Buffer.from("streamed "), Buffer.from("body")]) });
  assert.deepEqual([String(told.body), told.trace.retries, connections()], ["streamed body", 3, 1]);
  refusals = Number.POSITIVE_INFINITY;
  assert.equal(await failure("/", { method: "POST", body: "x" }), "refused");
  assert.equal(origin.stats().resent, 3 + 4);
});

test("a streamed body that can not be sent from the start again fails, and says that nothing was processed", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (one.type === frameTypes.data) peer.send(rstStream(one.stream, 7));
  });
  const { ask } = client(t, raw.port, { replayBytesMax: 1_000 });
  const error = await ask("/", { method: "POST", body: Readable.from([Buffer.alloc(2_000), Buffer.alloc(2_000)]) }).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof PoolError);
  assert.deepEqual([error.code, error.outcome, error.retryable], ["refused", "not_sent", true]);
});

test("a session that was left is ended when what it has is not finished in time", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (endsRequest(one)) peer.goaway(announced);
  });
  const { failure, origin } = client(t, raw.port, { leaveMs: 100 });
  assert.equal(await failure("/", { method: "POST", body: "x" }), "connection_lost");
  assert.deepEqual(origin.stats().ended, { goaway: 1 });
});

/** A real server that leaves its sessions now and then, in one step or in two, while it is asked. */
async function leaving(t: TestContext, leave: (session: ServerHttp2Session) => void): Promise<{ port: number; left: () => number; server: Http2Server }> {
  const server = createServer({ settings: { maxConcurrentStreams: 250 } });
  let left = 0;
  server.on("session", (session) => {
    session.on("error", () => undefined);
    setTimeout(() => {
      left++;
      if (!session.closed) leave(session);
    }, 120);
  });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    let got = 0;
    stream.on("data", (chunk: Buffer) => {
      got += chunk.length;
    });
    stream.on("end", () => {
      setTimeout(() => {
        if (stream.destroyed) return;
        stream.respond({ ":status": 200 });
        stream.end(`${headers[":method"]} ${got}`);
      }, 5);
    });
  });
  return { port: await listening(t, server), left: () => left, server };
}

for (const [name, leave] of [
  ["in one step", (session: ServerHttp2Session) => session.close()],
  [
    "in two steps",
    (session: ServerHttp2Session) => {
      session.goaway(0, announced);
      setTimeout(() => !session.closed && session.close(), 20);
    },
  ],
] as const) {
  test(`200 concurrent requests with and without bodies outlive servers that leave ${name}`, async (t) => {
    const { port, left } = await leaving(t, leave);
    const { ask, origin } = client(t, port, { streamsMax: 250 });
    const deadline = performance.now() + 20_000;
    let sent = 0;
    await many(200, async (i) => {
      while (left() < 6 && performance.now() < deadline) {
        sent++;
        const streamed = (): Readable => Readable.from([Buffer.alloc(3_000), Buffer.alloc(3_000)]);
        const body = [undefined, "x".repeat(5_000), streamed()][i % 3];
        const told = await ask("/", body === undefined ? {} : { method: "POST", body });
        assert.equal(String(told.body), ["GET 0", "POST 5000", "POST 6000"][i % 3]);
      }
    });
    const { failed, answered } = origin.stats();
    assert.deepEqual([failed, answered], [0, sent]);
    assert.ok(await eventually(() => (origin.stats().ended.goaway ?? 0) >= 5), JSON.stringify(origin.stats().ended));
  });
}

test("no frame of a request leaves after its server has said GOAWAY", async (t) => {
  const after: number[] = [];
  let goneAt = Number.POSITIVE_INFINITY;
  const raw = await rawServer(t, (peer, one) => {
    if (peer.number > 1) return void (endsRequest(one) && peer.answer(one.stream));
    if (one.type === frameTypes.headers && performance.now() > goneAt) after.push(one.stream);
    if (!endsRequest(one)) return;
    peer.answer(one.stream);
    if (one.stream < 41) return;
    peer.goaway(one.stream);
    // What was on its way when the GOAWAY left is above its last stream, and the client knows it.
    goneAt = performance.now() + 200;
  });
  const { ask, origin } = client(t, raw.port);
  const until = performance.now() + 500;
  await many(10, async () => {
    while (performance.now() < until) await ask("/", { method: "POST", body: "x" });
  });
  assert.deepEqual(after, []);
  assert.equal(origin.stats().failed, 0);
});
