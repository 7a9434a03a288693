/** One request over HTTP/2, as a handler of undici sees it: whole, and in no case half of it for a whole one. */
import assert from "node:assert/strict";
import { createSecureServer, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { errors, FormData as UndiciFormData } from "undici";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { data, rstStream } from "../../../../scripts/test-support/http2-frames.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { PoolError } from "../../src/pool-error.ts";
import { type ClientSettings, client, encrypted, eventually, listening, plain } from "./support/origins.ts";
import { answerHead, endsRequest, rawServer } from "./support/raw-server.ts";

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void | Promise<void>;

async function served(t: TestContext, answer: Answer, settings: ClientSettings = {}) {
  const server = createServer({ settings: { maxConcurrentStreams: 100 } });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    void answer(stream, headers);
  });
  return client(t, await listening(t, server), settings);
}

const echo: Answer = (stream) => {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
};

async function bodyOf(stream: ServerHttp2Stream): Promise<Buffer> {
  return Buffer.concat(await stream.toArray());
}

test("an answer comes with its status, headers, body and trailers", async (t) => {
  const { ask } = await served(t, (stream) => {
    stream.respond({ ":status": 201, "set-cookie": ["a=1", "b=2"], "x-one": "1" }, { waitForTrailers: true });
    stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "abc" }));
    stream.end("body");
  });
  const told = await ask("/");
  assert.equal(told.status, 201);
  assert.deepEqual(told.headers["set-cookie"], ["a=1", "b=2"]);
  assert.equal(told.headers["x-one"], "1");
  assert.equal(":status" in told.headers, false);
  assert.equal(String(told.body), "body");
  assert.deepEqual(told.trailers, { "x-sum": "abc" });
});

test("handlers see header lines as they came", async (t) => {
  const { ask } = await served(t, (stream) => {
    stream.respond({ ":status": 200, "set-cookie": ["a=1", "b=2"] }, { endStream: true });
  });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await ask("/", { onHeaders: (controller) => resolve(controller.rawHeaders) });
  const raw = (await promise) as string[];
  assert.deepEqual(raw.slice(0, 4), ["set-cookie", "a=1", "set-cookie", "b=2"]);
});

test("informational answers come before the answer", async (t) => {
  const { ask } = await served(t, (stream) => {
    stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
    stream.respond({ ":status": 200 });
    stream.end();
  });
  const { informed, status } = await ask("/");
  assert.deepEqual(informed, [103]);
  assert.equal(status, 200);
});

test("HEAD and 204 end without a body", async (t) => {
  const { ask } = await served(t, (stream, headers) => {
    if (headers[":method"] === "HEAD") stream.respond({ ":status": 200, "content-length": "5" }, { endStream: true });
    else stream.respond({ ":status": 204 }, { endStream: true });
  });
  const head = await ask("/", { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, "5", 0]);
  assert.deepEqual([(await ask("/")).status, (await ask("/")).body.length], [204, 0]);
});

test("names are sent in lower case, and what belongs to one connection is not sent", async (t) => {
  let seen: IncomingHttpHeaders = {};
  const { ask } = await served(t, (stream, headers) => {
    seen = headers;
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  await ask("/", {
    headers: {
      "X-Upper": "Yes",
      Connection: "keep-alive, x-hop",
      "X-Hop": "1",
      "Keep-Alive": "timeout=5",
      TE: "gzip",
      Host: "example.com",
      "x-list": ["1", "2"],
    },
  });
  assert.equal(seen["x-upper"], "Yes");
  assert.equal(seen[":authority"], "example.com");
  assert.equal(seen["x-list"], "1, 2");
  for (const name of ["connection", "x-hop", "keep-alive", "te", "host"]) assert.equal(name in seen, false, name);
  await ask("/", { headers: ["TE", "trailers"] });
  assert.equal(seen["te"], "trailers");
});

test("bodies of every kind arrive whole", async (t) => {
  const { ask } = await served(t, echo);
  const forms = [new FormData(), new UndiciFormData()];
  for (const form of forms) form.set("field", "value");
  const bodies: readonly (readonly [unknown, RegExp])[] = [
    ["text", /^text$/],
    [Buffer.from("bytes"), /^bytes$/],
    [Readable.from([Buffer.from("a"), Buffer.from("b")]), /^ab$/],
    [["x", "y"].values(), /^xy$/],
    [new Blob(["blob"]), /^blob$/],
    ["", /^$/],
  ];
  for (const [body, pattern] of bodies) assert.match(String((await ask("/", { method: "POST", body: body as string })).body), pattern);
  for (const form of forms) assert.match(String((await ask("/", { method: "POST", body: form as never })).body), /name="field"/);
});

test("what is said of a body's length is kept to, in both directions", async (t) => {
  const { ask, failure } = await served(t, async (stream, headers) => {
    const body = await bodyOf(stream).catch(() => null);
    if (body === null || stream.destroyed) return;
    stream.respond({ ":status": 200, "x-length": String(headers["content-length"]) });
    stream.end();
  });
  assert.equal((await ask("/", { method: "POST", body: "four" })).headers["x-length"], "4");
  assert.equal((await ask("/", { method: "POST" })).headers["x-length"], "0");
  const code = "UND_ERR_REQ_CONTENT_LENGTH_MISMATCH";
  assert.equal(await failure("/", { method: "POST", body: "four", headers: { "content-length": "5" } }), code);
  assert.equal(await failure("/", { method: "POST", body: Readable.from(["too long"]), headers: { "content-length": "5" } }), code);
  assert.equal(await failure("/", { method: "POST", body: Readable.from(["1"]), headers: { "content-length": "5" } }), code);
});

test("an upload waits for the server's window, and holds no more than that", async (t) => {
  const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
  const { ask } = await served(t, async (stream) => {
    await mayRead;
    const body = await bodyOf(stream);
    stream.respond({ ":status": 200 });
    stream.end(String(body.length));
  });
  let produced = 0;
  const pieces = async function* () {
    for (let i = 0; i < 100; i++) {
      produced++;
      yield Buffer.alloc(16_384);
    }
  };
  const asked = ask("/", { method: "POST", body: Readable.from(pieces(), { objectMode: false, highWaterMark: 16_384 }) });
  assert.ok(await eventually(() => produced > 0));
  // What the server, Node and the source hold together; the rest waits.
  await sleep(200);
  assert.ok(produced < 40, `${produced} pieces were taken from the source while nobody read`);
  read();
  assert.equal(String((await asked).body), String(100 * 16_384));
});

test("a handler that pauses holds the stream's window, and others go on", async (t) => {
  const sent = new Map<string, number>();
  const { ask, origin } = await served(t, async (stream, headers) => {
    stream.setMaxListeners(100);
    stream.respond({ ":status": 200 });
    const path = String(headers[":path"]);
    for (let i = 0; i < 64 && !stream.destroyed; i++) {
      const { promise, resolve } = Promise.withResolvers<void>();
      stream.write(Buffer.alloc(65_536), () => resolve());
      await Promise.race([promise, new Promise<void>((done) => stream.once("close", done))]);
      sent.set(path, (sent.get(path) ?? 0) + 65_536);
    }
    stream.end();
  });
  let paused = false;
  const { promise: started, resolve: starts } = Promise.withResolvers<{ resume(): void }>();
  const slow = ask("/slow", {
    onData: (controller) => {
      if (paused) return;
      paused = true;
      controller.pause();
      starts(controller);
    },
  });
  const controller = await started;
  assert.equal((await ask("/quick")).body.length, 64 * 65_536);
  const { streamWindowBytes = 0 } = origin.stats().sessions[0] ?? {};
  // The window, as large as it ever was, and what Node has read ahead of it.
  assert.ok((sent.get("/slow") ?? 0) <= Math.max(streamWindowBytes, 1_048_576) + 262_144, `${sent.get("/slow")} bytes left the server`);
  controller.resume();
  assert.equal((await slow).body.length, 64 * 65_536);
});

test("an abort resets the stream with CANCEL, and only that stream", async (t) => {
  const codes: (number | undefined)[] = [];
  const { ask, origin } = await served(t, (stream) => {
    stream.respond({ ":status": 200 });
    stream.write("begun");
    stream.on("close", () => codes.push(stream.rstCode));
  });
  const reason = new Error("enough");
  await assert.rejects(ask("/", { onData: (controller) => controller.abort(reason) }), (error) => error === reason);
  assert.ok(await eventually(() => codes.length === 1));
  assert.deepEqual(codes, [8]);
  assert.ok(await eventually(() => origin.stats().sessions[0]?.streams === 0));
  assert.deepEqual([origin.stats().sessions.length, origin.stats().windows.pinnableBytes], [1, 0]);
});

test("an abort before anything is sent ends the request there", async (t) => {
  let streams = 0;
  const { ask } = await served(t, (stream) => {
    streams++;
    stream.respond({ ":status": 200 }, { endStream: true });
  });
  await assert.rejects(ask("/", { onStart: (controller) => controller.abort(new Error("at once")) }), /at once/);
  await ask("/");
  assert.equal(streams, 1);
});

test("half of an answer is never passed for a whole one, whatever code ended it", async (t) => {
  const codes = [0, 2, 7, 8, 11];
  const raw = await rawServer(t, (peer, one) => {
    if (endsRequest(one)) peer.send(answerHead(one.stream), data(one.stream, Buffer.from("half")), rstStream(one.stream, codes.shift()));
  });
  const { failure } = client(t, raw.port);
  while (codes.length > 0) assert.equal(await failure("/"), "stream_reset", `before RST_STREAM ${codes[0]}`);
});

test("CONNECT, upgrades and wrong calls are refused alone, and say why", async (t) => {
  const { failure, ask } = await served(t, echo);
  assert.equal(await failure("/", { method: "CONNECT" }), "UND_ERR_NOT_SUPPORTED");
  assert.equal(await failure("/", { upgrade: "websocket" }), "UND_ERR_NOT_SUPPORTED");
  assert.equal(await failure("no-slash"), "UND_ERR_INVALID_ARG");
  assert.equal(await failure("/with space"), "UND_ERR_INVALID_ARG");
  assert.equal(await failure("/", { headers: { "bad name": "1" } }), "UND_ERR_INVALID_ARG");
  assert.equal(await failure("/", { headers: { a: "line\nbreak" } }), "UND_ERR_INVALID_ARG");
  assert.equal((await ask("/", { query: { a: 1 } })).status, 200);
});

test("a header list beyond the server's or ours fails that request with a code", async (t) => {
  const server = createServer({ settings: { maxHeaderListSize: 4_096 } });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    const lines = Number(String(headers[":path"]).slice(1));
    stream.respond({ ":status": 200, ...Object.fromEntries(Array.from({ length: lines }, (_, i) => [`x-${i}`, "v".repeat(100)])) });
    stream.end("ok");
  });
  const { ask, failure } = client(t, await listening(t, server), { headersCountMax: 60, headerListBytesMax: 20_000 });
  assert.equal((await ask("/1")).status, 200);
  assert.equal(await failure("/1", { headers: { cookie: "c".repeat(5_000) } }), "headers_too_large");
  assert.equal(await failure("/100"), "stream_reset");
  assert.equal((await ask("/1")).status, 200, "others go on");
});

test("silence before the answer and within it ends at the request's own limits", async (t) => {
  const { failure, ask } = await served(t, (stream, headers) => {
    if (headers[":path"] === "/silent") return;
    stream.respond({ ":status": 200 });
    stream.write("begun");
  });
  await assert.rejects(ask("/silent", { headersTimeout: 100 }), errors.HeadersTimeoutError);
  await assert.rejects(ask("/begun", { bodyTimeout: 100 }), errors.BodyTimeoutError);
  assert.equal(await failure("/silent", { headersTimeout: 50 }), "UND_ERR_HEADERS_TIMEOUT");
});

test("a body that asks for 100 Continue waits for it", async (t) => {
  const order: string[] = [];
  // Node looks for the expectation only where somebody listens to requests.
  const server = createServer(() => undefined);
  server.on("checkContinue", (request, response) => {
    order.push("asked");
    response.writeContinue();
    request.on("data", () => order.push("body"));
    request.on("end", () => response.end("done"));
  });
  const { ask } = client(t, await listening(t, server));
  const body = Readable.from(
    (async function* () {
      order.push("read");
      yield "x";
    })(),
  );
  assert.equal(String((await ask("/", { method: "POST", body, expectContinue: true })).body), "done");
  assert.deepEqual(order, ["asked", "read", "body"]);
});

test("a source that fails fails its request, and the server sees a reset", async (t) => {
  const codes: (number | undefined)[] = [];
  const { ask } = await served(t, (stream) => {
    stream.resume();
    stream.on("close", () => codes.push(stream.rstCode));
  });
  const body = Readable.from(
    (async function* () {
      yield "begun";
      throw new Error("the disk is gone");
    })(),
  );
  await assert.rejects(ask("/", { method: "POST", body }), /the disk is gone/);
  assert.ok(await eventually(() => codes.length === 1));
  assert.deepEqual(codes, [8]);
});

test("a handler that throws has failed its request alone", async (t) => {
  const { ask } = await served(t, echo);
  const thrown = new Error("in the handler");
  await assert.rejects(
    ask("/", {
      method: "POST",
      body: "x",
      onData: () => {
        throw thrown;
      },
    }),
    (error) => error === thrown,
  );
  assert.equal((await ask("/", { method: "POST", body: "x" })).status, 200);
});

test("TLS carries the same, and traces say what it cost", { skip: needs("openssl") }, async (t) => {
  const pair = onePair();
  assert.ok(pair);
  const server = createSecureServer({ cert: pair.cert, key: pair.key });
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  });
  const port = await listening(t, server);
  const { ask, origin } = client(t, port, { connect: () => encrypted(port, pair.cert) });
  const first = await ask("/");
  assert.deepEqual([first.trace.protocol, first.trace.tls?.version, first.trace.reused, first.trace.phases.tcpMs], ["h2", "TLSv1.3", false, 1]);
  const second = await ask("/");
  const { phases, ...rest } = second.trace;
  assert.deepEqual([rest.reused, rest.connection, rest.requestOnConnection, rest.retries, rest.ended], [true, 1, 2, 0, null]);
  assert.deepEqual([phases.dnsMs, phases.tcpMs, phases.tlsMs], [null, null, null]);
  assert.ok(phases.queueMs >= 0 && phases.waitMs >= 0 && phases.bodyMs >= 0);
  assert.ok((origin.stats().sessions[0]?.bytesReceived ?? 0) === 4);
});

test("a connection that speaks HTTP/1.1 is refused with a code that says so", async (t) => {
  const server = createServer();
  const port = await listening(t, server);
  const { ask } = client(t, port, { connect: async () => ({ ...(await plain(port)), protocol: "http/1.1" }) });
  await assert.rejects(ask("/"), (error) => error instanceof PoolError && error.code === "connect_failed" && /speaks http\/1.1/.test(error.message));
});
