/** What one session may do: greeting, liveness, progress of single streams, and servers that were made without the guard's options. */
import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import {
  data,
  errorNames,
  flags,
  frameTypes,
  headers,
  preface,
  RawHttp2,
  requestFields,
  rstStream,
  settingIds,
  settings,
  windowUpdate,
} from "../../../../scripts/test-support/http2-frames.ts";
import { eventually, type GuardedServer, type GuardedServerOptions, guardedServer } from "../support/h2-server.ts";

async function start(t: TestContext, options: GuardedServerOptions = {}): Promise<GuardedServer> {
  const guarded = await guardedServer(options);
  t.after(() => guarded.close());
  return guarded;
}

const codes = (guarded: GuardedServer): unknown[] => guarded.accepted.map(({ said }) => said[0]?.code);

test("who says nothing, or never acknowledges our SETTINGS, is ended after prefaceMs", async (t) => {
  const guarded = await start(t, { limits: { prefaceMs: 400 } });
  const silent = await RawHttp2.connect(guarded.port);
  const half = await RawHttp2.connect(guarded.port);
  half.send(preface, settings());
  for (const peer of [silent, half]) assert.ok(await peer.untilEnded());
  assert.deepEqual(codes(guarded), ["handshake_timeout", "handshake_timeout"]);
  assert.equal(errorNames[half.goaways()[0]?.code ?? -1], "SETTINGS_TIMEOUT");
});

test("a peer with an open stream is asked by PING; one that answers stays, one that does not is ended", async (t) => {
  const guarded = await start(t, { limits: { pingAfterMs: 200, pingAckMs: 300 }, onStream: () => {} });
  const [alive, dead] = [await RawHttp2.open(guarded.port), await RawHttp2.open(guarded.port)];
  alive.answersPings = true;
  for (const peer of [alive, dead]) peer.send(headers(1));
  assert.ok(await dead.untilEnded());
  assert.ok(await alive.until(() => alive.count(frameTypes.ping) >= 4));
  assert.equal(alive.ended, null);
  assert.deepEqual(guarded.counters.ended, { zombie: 1 });
  assert.ok(guarded.counters.probesAnswered >= 3);
  alive.close();
});

test("a session that owes nothing is not asked", async (t) => {
  const guarded = await start(t, { limits: { pingAfterMs: 100 } });
  const peer = await RawHttp2.open(guarded.port);
  peer.send(headers(1));
  assert.equal(await peer.until(() => peer.count(frameTypes.ping) > 0, 1_000), false);
  peer.close();
});

/** Writes for as long as anything is taken. */
function moving(stream: ServerHttp2Stream): void {
  stream.write(Buffer.alloc(16_384), (error) => {
    if (!error && !stream.destroyed) moving(stream);
  });
}

test("a stream that takes nothing while another moves is reset alone", async (t) => {
  const onStream = (stream: ServerHttp2Stream, path: string): void => {
    stream.respond({ ":status": 200 });
    if (path === "/still") stream.end(Buffer.alloc(200_000));
    else moving(stream);
  };
  const guarded = await start(t, { limits: { windowStallMs: 700 }, onStream });
  const peer = await RawHttp2.open(guarded.port);
  peer.answersPings = true;
  peer.send(windowUpdate(0, 0x3fff_ffff), headers(1, requestFields("/still")), headers(3, requestFields("/moving")));
  let answered = 0;
  const feed = setInterval(() => {
    const now = peer.count(frameTypes.data, 3);
    if (now > answered) peer.send(windowUpdate(3, (now - answered) * 16_384));
    answered = now;
  }, 5);
  t.after(() => clearInterval(feed));
  assert.ok(await peer.until(() => peer.resets().has(1), 20_000), "the stream that stands still is reset");
  assert.equal(errorNames[peer.resets().get(1) ?? -1], "ENHANCE_YOUR_CALM");
  assert.equal(peer.ended, null);
  assert.equal(guarded.counters.streamsStalled, 1);
  peer.close();
});

test("a slow reader that takes what it can is left alone", async (t) => {
  const guarded = await start(t, {
    limits: { windowStallMs: 500 },
    onStream: (stream) => {
      stream.respond({ ":status": 200 });
      stream.end(Buffer.alloc(400_000));
    },
  });
  const peer = await RawHttp2.open(guarded.port, [[settingIds.initialWindowSize, 0]]);
  peer.send(windowUpdate(0, 1 << 20), headers(1));
  const timer = setInterval(() => peer.send(windowUpdate(1, 8_192)), 40);
  t.after(() => clearInterval(timer));
  const isDone = (): boolean => peer.frames.some((one) => one.type === frameTypes.data && (one.flags & flags.endStream) !== 0);
  assert.ok(await peer.until(isDone, 20_000));
  assert.deepEqual(guarded.counters.ended, {});
  peer.close();
});

test("a peer that resets a stream with an error does not end a process whose host listens to none", async (t) => {
  const guarded = await start(t, { onStream: (stream) => stream.respond({ ":status": 200 }) });
  const peer = await RawHttp2.open(guarded.port);
  peer.send(headers(1));
  assert.ok(await peer.until(() => peer.count(frameTypes.headers, 1) === 1));
  peer.send(rstStream(1, errorNames.indexOf("INTERNAL_ERROR")));
  assert.ok(await eventually(() => guarded.counters.streamErrors === 1));
  peer.send(headers(3));
  assert.ok(await peer.until(() => peer.count(frameTypes.headers, 3) === 1));
  assert.equal(guarded.counters.resets, 1);
  peer.close();
});

test("a server made without the options is told its limits when a session begins", async (t) => {
  const guarded = await start(t, { server: {}, limits: { streamsMax: 5, headerListBytesMax: 8_192 }, onStream: (stream) => stream.resume() });
  const peer = await RawHttp2.open(guarded.port);
  assert.ok(await eventually(() => guarded.accepted[0]?.session.localSettings.maxConcurrentStreams === 5), "the peer has acknowledged");
  peer.send(headers(1, requestFields("/", "GET", [["x-long", "v".repeat(10_000)]])));
  assert.ok(await peer.until(() => peer.resets().has(1)));
  assert.equal(errorNames[peer.resets().get(1) ?? -1], "ENHANCE_YOUR_CALM");
  for (let stream = 3; stream < 23; stream += 2) peer.send(headers(stream, requestFields("/", "POST"), flags.endHeaders));
  assert.ok(await peer.untilEnded());
  assert.equal(guarded.handled(), 5);
});

test("a server made with the options says its limits once, and what a host made stricter stays", async (t) => {
  for (const server of [undefined, { settings: { maxConcurrentStreams: 7, maxHeaderListSize: 4_096, initialWindowSize: 1_000 } }]) {
    const guarded = await start(t, server === undefined ? {} : { server });
    const peer = await RawHttp2.open(guarded.port);
    peer.send(headers(1));
    assert.ok(await peer.until(() => peer.count(frameTypes.headers, 1) === 1));
    const said = peer.frames.filter((one) => one.type === frameTypes.settings && (one.flags & flags.ack) === 0);
    assert.equal(said.length, 1);
    if (server !== undefined) assert.equal(guarded.accepted[0]?.session.localSettings.maxConcurrentStreams, 7);
    peer.close();
  }
});

test("a long response outlives the probes while its session is left", async (t) => {
  const guarded = await start(t, { limits: { pingAfterMs: 100, pingAckMs: 200, announceMs: 100 }, onStream: (stream) => stream.respond({ ":status": 200 }) });
  const peer = await RawHttp2.open(guarded.port);
  peer.answersPings = true;
  peer.send(headers(1));
  assert.ok(await peer.until(() => peer.count(frameTypes.headers, 1) === 1));
  guarded.accepted[0]?.part.drain("draining", 30_000);
  assert.equal(await peer.untilEnded(1_500), false);
  assert.deepEqual(guarded.counters.ended, {});
  peer.close();
});

test("an upload over a session is not disturbed", async (t) => {
  let received = 0;
  const guarded = await start(t, {
    limits: { pingAfterMs: 100, pingAckMs: 200, strayBytesMax: 1_000 },
    onStream: (stream) => {
      stream.on("data", (bytes: Buffer) => {
        received += bytes.length;
      });
      stream.on("end", () => {
        stream.respond({ ":status": 200 });
        stream.end("ok");
      });
    },
  });
  const peer = await RawHttp2.open(guarded.port);
  peer.send(headers(1, requestFields("/", "POST"), flags.endHeaders));
  for (let i = 0; i < 20; i++) {
    peer.send(data(1, Buffer.alloc(2_000)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  peer.send(data(1, Buffer.alloc(0), flags.endStream));
  assert.ok(await peer.until(() => peer.count(frameTypes.data, 1) > 0));
  assert.equal(received, 40_000);
  assert.deepEqual(guarded.counters.ended, {});
  peer.close();
});

test("a request that is not complete within requestMs is reset, unless its host has begun to answer, or reads nothing", async (t) => {
  const guarded = await start(t, {
    limits: { requestMs: 400 },
    onStream: (stream, path) => {
      if (path === "/unread") return;
      stream.on("readable", () => stream.read());
      if (path === "/answering") stream.respond({ ":status": 200 });
    },
  });
  const peer = await RawHttp2.open(guarded.port);
  const grpc = [["content-type", "application/grpc+proto"]] as const;
  const requests = [
    ["/slow", []],
    ["/answering", []],
    ["/unread", []],
    ["/call", grpc],
  ] as const;
  for (const [i, [path, more]] of requests.entries())
    peer.send(headers(2 * i + 1, requestFields(path, "POST", more), flags.endHeaders), data(2 * i + 1, Buffer.of(1)));
  assert.ok(await peer.until(() => peer.resets().size > 0));
  assert.equal(await peer.until(() => peer.resets().size > 1, 700), false);
  assert.deepEqual([...peer.resets()], [[1, errorNames.indexOf("INTERNAL_ERROR")]]);
  assert.equal(guarded.counters.streamsTimedOut, 1);
  assert.equal(peer.count(frameTypes.headers, 1), 0, "no answer is made up");
  peer.close();
});
