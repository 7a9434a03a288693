/** Windows of real sessions: they grow on a long path, shrink when little comes, and never take more than the budget has. No time is judged. */
import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { latency, openProxy } from "@holdfast/lab";
import { data, flags, frameTypes } from "../../../../scripts/test-support/http2-frames.ts";
import { WindowBudget } from "../../src/http2/window-budget.ts";
import { type ClientSettings, client, eventually, listening } from "./support/origins.ts";
import { answerHead, endsRequest, rawServer } from "./support/raw-server.ts";

const megabyte = 1_000_000;

/** A server of large answers at the other end of a path of 30 ms. */
async function far(t: TestContext, settings: ClientSettings = {}) {
  const server = createServer({ settings: { maxConcurrentStreams: 100 }, maxSessionMemory: 200 });
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(Number(String(headers[":path"]).slice(1))));
  });
  const port = await listening(t, server);
  const lab = await openProxy({ target: { host: "127.0.0.1", port }, bufferBytesMax: 32 * megabyte });
  lab.add(latency({ delayMs: 15 }));
  t.after(() => lab.close());
  return client(t, lab.port, settings);
}

test("a window grows on a long path while much is read, and shrinks again when little comes", async (t) => {
  const { ask, origin } = await far(t, { shrinkAfterMs: 150 });
  const window = (): number => origin.stats().sessions[0]?.streamWindowBytes ?? 0;
  assert.equal((await ask(`/${6 * megabyte}`)).body.length, 6 * megabyte);
  const { streamWindowBytes = 0, sessionWindowBytes = 0, roundTripMs, pings = 0 } = origin.stats().sessions[0] ?? {};
  assert.ok(streamWindowBytes >= 8 * 65_535, `${streamWindowBytes} bytes`);
  assert.ok(sessionWindowBytes >= streamWindowBytes);
  assert.ok((roundTripMs ?? 0) >= 30 && pings <= 30, `${roundTripMs} ms, ${pings} PINGs`);
  assert.ok(await eventually(() => window() === 65_535), `${window()} bytes`);
  assert.equal((await ask("/100")).body.length, 100);
});

test("the next session begins with what the last one had learnt", async (t) => {
  const { ask, origin } = await far(t, { idleMs: 100 });
  await ask(`/${4 * megabyte}`);
  const learnt = origin.stats().sessions[0]?.streamWindowBytes ?? 0;
  assert.ok(learnt > 65_535);
  assert.ok(await eventually(() => origin.stats().ended.idle_limit === 1));
  await ask("/1");
  assert.equal(origin.stats().sessions[0]?.streamWindowBytes, learnt);
});

test("however many streams are open, the budget is never passed, and what waits for it is served", async (t) => {
  const budget = new WindowBudget(20 * 65_535);
  const settings = { budget, windowBytesTotalMax: 20 * 65_535 };
  const clients = [await far(t, settings), await far(t, settings)];
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, budget.usedBytes);
  }, 1);
  t.after(() => clearInterval(watch));
  const sizes = Array.from({ length: 30 }, (_, i) => (i % 10 === 0 ? megabyte : 50_000));
  const told = await Promise.all(clients.flatMap(({ ask }) => sizes.map((size) => ask(`/${size}`))));
  assert.deepEqual(
    told.map(({ body }) => body.length),
    [...sizes, ...sizes],
  );
  assert.ok(most > 0 && most <= 20 * 65_535, `${most} bytes`);
  assert.ok(await eventually(() => budget.usedBytes === 0));
  const [first] = clients;
  assert.deepEqual(first?.origin.stats().windows, { pinnableBytes: 0, worstBytes: 20 * 65_535, processBytes: 0, processBytesMax: 20 * 65_535 });
});

test("large windows give way to newcomers", async (t) => {
  const budget = new WindowBudget(16 * 65_535);
  const { ask, origin } = await far(t, { budget, windowBytesTotalMax: 16 * 65_535 });
  let large: { abort(reason: Error): void } | null = null;
  const asked = ask(`/${32 * megabyte}`, {
    onHeaders: (controller) => {
      large = controller;
    },
  });
  const window = (): number => origin.stats().sessions[0]?.streamWindowBytes ?? 0;
  assert.ok(await eventually(() => window() >= 4 * 65_535), `${window()} bytes`);
  const before = window();
  // Thirty windows of that size would be many times the budget.
  const others = Promise.all(Array.from({ length: 30 }, () => ask("/1000")));
  assert.ok(await eventually(() => window() < before), "it shrinks");
  assert.equal((await others).length, 30);
  (large as { abort(reason: Error): void } | null)?.abort(new Error("seen enough"));
  await assert.rejects(asked, /seen enough/);
  assert.ok(await eventually(() => budget.usedBytes === 0));
});

test("streams that nobody reads hold their windows and no more, and what they hold is not taken from others", async (t) => {
  const window = 65_535;
  let socket: Socket | null = null;
  const server = createServer();
  server.on("connection", (accepted) => {
    socket = accepted;
  });
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(300_000));
  });
  const { ask, origin, budget } = client(t, await listening(t, server), { windowBytesMax: window });
  const written = (): number => socket?.bytesWritten ?? 0;
  const paused: { resume(): void }[] = [];
  const unread = Array.from({ length: 20 }, () =>
    ask("/", {
      onHeaders: (controller) => {
        controller.pause();
        paused.push(controller);
      },
    }),
  );
  // Twenty windows: more than the session's, which Node gives back as bytes arrive.
  assert.ok(await eventually(() => paused.length === 20 && written() >= 20 * window));
  assert.equal((await ask("/")).body.length, 300_000);
  // Besides what was read: frames and headers.
  assert.ok(written() <= 20 * window + 300_000 + 20_000, `${written()} bytes`);
  assert.ok(await eventually(() => budget.usedBytes === 20 * window));
  assert.equal(origin.stats().windows.pinnableBytes, 20 * window);
  for (const controller of paused) controller.resume();
  assert.deepEqual(new Set((await Promise.all(unread)).map(({ body }) => body.length)), new Set([300_000]));
});

test("worst cases are told: of an origin by its limits, of the process by its budget", async (t) => {
  const raw = await rawServer(t, (peer, one) => void (endsRequest(one) && peer.answer(one.stream)), [[3, 10]]);
  const { ask, origin } = client(t, raw.port, { sessionsMax: 2, windowBytesMax: 1_048_576 });
  await ask("/");
  assert.ok(await eventually(() => origin.stats().sessions[0]?.streamsMax === 10));
  assert.equal(origin.stats().windows.worstBytes, 2 * 10 * 1_048_576);
  const small = client(t, raw.port, { windowBytesTotalMax: 1_048_576 });
  assert.equal(small.origin.stats().windows.worstBytes, 1_048_576);
});

test("a server that never acknowledges a window is told of no other", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    peer.acknowledges = false;
    if (!endsRequest(one)) return;
    for (let i = 0; i < 10; i++) peer.send(i === 0 ? answerHead(one.stream) : data(one.stream, Buffer.alloc(6_000)));
    // The end comes after the answer to any PING that these bytes provoke.
    setTimeout(() => peer.send(data(one.stream, Buffer.alloc(6_000), flags.endStream)), 30);
  });
  const { ask, origin } = client(t, raw.port);
  const deadline = performance.now() + 20_000;
  const pings = (): number => origin.stats().sessions[0]?.pings ?? 0;
  while (pings() < 2 && performance.now() < deadline) await ask("/");
  assert.ok(pings() >= 2);
  assert.ok((raw.peers[0]?.count(frameTypes.settings) ?? 0) <= 2);
});
