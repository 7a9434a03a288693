/** Peers that fall silent, complain, or break the protocol: noticed in time, told by name, and never at the cost of other requests. */
import assert from "node:assert/strict";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { blackHole, type FaultHandle, openProxy } from "@holdfast/lab";
import { data, frame, frameTypes, goaway, headers, ping, rstStream, settings, windowUpdate } from "../../../../scripts/test-support/http2-frames.ts";
import { PoolError } from "../../src/pool-error.ts";
import { client, eventually, listening, plain } from "./support/origins.ts";
import { answerHead, endsRequest, type RawPeer, rawServer } from "./support/raw-server.ts";

const enhanceYourCalm = 11;

/** A server of two connections: the first does what a test says, all others answer. */
async function twoFaced(t: TestContext, first: (peer: RawPeer, stream: number) => void) {
  return rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    if (peer.number === 1) first(peer, one.stream);
    else peer.answer(one.stream);
  });
}

test("a server that falls silent is noticed by PING: what may be repeated is, the rest is told", async (t) => {
  const raw = await twoFaced(t, (peer) => {
    peer.answersPings = false;
  });
  const { ask, origin } = client(t, raw.port, { pingMs: 100, pingTimeoutMs: 200 });
  const [get, post] = await Promise.all([ask("/").then(({ status }) => status), ask("/", { method: "POST", body: "x" }).catch((error: unknown) => error)]);
  assert.equal(get, 200);
  assert.ok(post instanceof PoolError);
  assert.deepEqual([post.code, post.outcome], ["connection_lost", "unknown"]);
  assert.match(post.message, /liveness_failed/);
  assert.deepEqual([origin.stats().ended, origin.stats().resent], [{ liveness_failed: 1 }, 1]);
});

test("a black hole is noticed although nothing is refused and nothing is reset", async (t) => {
  const server = createServer();
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.respond({ ":status": 200 });
    stream.end("ok");
  });
  const port = await listening(t, server);
  const lab = await openProxy({ target: { host: "127.0.0.1", port } });
  t.after(() => lab.close());
  let hole: FaultHandle | null = null;
  const { ask, origin, connections } = client(t, lab.port, {
    ...{ pingMs: 100, pingTimeoutMs: 200, proveAfterMs: "never" },
    // What a hole has swallowed is gone for good: the next connection is made when there is none any more.
    connect: async () => {
      await hole?.remove();
      return plain(lab.port);
    },
  });
  await ask("/");
  hole = lab.add(blackHole());
  assert.equal((await ask("/")).status, 200);
  assert.deepEqual([connections(), origin.stats().ended], [2, { liveness_failed: 1 }]);
});

test("a slow answer is no dead peer: who answers PINGs is left alone, and so is who sends anything else", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    // No answer to any PING, but something else all the time.
    const chatter = setInterval(() => peer.send(windowUpdate(0, 1)), 20);
    peer.socket.once("close", () => clearInterval(chatter));
    peer.answersPings = false;
    setTimeout(() => peer.answer(one.stream), 600);
  });
  const { ask, origin } = client(t, raw.port, { pingMs: 50, pingTimeoutMs: 150 });
  assert.equal((await ask("/", { method: "POST", body: "x" })).status, 200);
  assert.deepEqual(origin.stats().ended, {});
  const quiet = await rawServer(t, (peer, one) => {
    if (endsRequest(one)) setTimeout(() => peer.answer(one.stream), 600);
  });
  const other = client(t, quiet.port, { pingMs: 50, pingTimeoutMs: 150 });
  assert.equal((await other.ask("/", { method: "POST", body: "x" })).status, 200);
  const { pings = 0, pingsAnswered = 0 } = other.origin.stats().sessions[0] ?? {};
  assert.ok(pings >= 3 && pingsAnswered >= pings - 1, `${pingsAnswered} of ${pings}`);
});

test("after a silence a session has to answer before it gets a request, and a dead one never gets it", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    peer.answer(one.stream);
    if (peer.number === 1) peer.answersPings = false;
  });
  const { ask, origin, connections } = client(t, raw.port, { proveAfterMs: 50, pingTimeoutMs: 150 });
  await ask("/");
  await new Promise((resolve) => setTimeout(resolve, 100));
  // A POST: had it been sent to the first connection, it could not be repeated.
  const told = await ask("/", { method: "POST", body: "x" });
  assert.deepEqual([told.status, connections(), told.trace.connection, told.trace.retries], [200, 2, 2, 0]);
  assert.equal(origin.stats().ended.liveness_failed, 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await ask("/", { method: "POST", body: "x" })).trace.connection, 2, "one that answers is used");
  assert.equal(raw.peers[1]?.count(frameTypes.ping), 1);
});

test("without requests nobody is asked, unless told to", async (t) => {
  const raw = await rawServer(t, (peer, one) => void (endsRequest(one) && peer.answer(one.stream)));
  const quiet = client(t, raw.port, { pingMs: 30 });
  await quiet.ask("/");
  // While the answer was waited for it may have been asked, on a busy machine.
  const before = raw.peers[0]?.count(frameTypes.ping);
  const asking = client(t, raw.port, { pingMs: 30, pingIdleMs: 30, pingTimeoutMs: 5_000 });
  await asking.ask("/");
  assert.ok(await eventually(() => (raw.peers[1]?.count(frameTypes.ping) ?? 0) >= 3));
  assert.equal(raw.peers[0]?.count(frameTypes.ping), before);
});

test("a server that finds PINGs too many is asked half as often from then on", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (one.type !== frameTypes.ping) return;
    if (peer.number === 1 && peer.count(frameTypes.ping) === 3) {
      peer.send(frame(frameTypes.goaway, 0, 0, Buffer.concat([goaway(0x7fff_ffff, enhanceYourCalm).subarray(9), Buffer.from("too_many_pings")])));
    }
  });
  const { origin, failure } = client(t, raw.port, { pingMs: 40, pingTimeoutMs: 5_000 });
  const asked = failure("/", { headersTimeout: 1_500 });
  assert.ok(await eventually(() => raw.peers.length === 2));
  assert.deepEqual([origin.stats().pingFactor, origin.stats().ended], [2, { goaway_error: 1 }]);
  const [, second] = raw.peers as [RawPeer, RawPeer];
  assert.ok(await eventually(() => second.count(frameTypes.ping) >= 2));
  assert.ok((origin.stats().sessions[0]?.ageMs ?? 0) >= 140, "two pauses of 80 ms");
  assert.equal(await asked, "UND_ERR_HEADERS_TIMEOUT");
});

test("resets of everything end each request by name, and never make a loop", async (t) => {
  const raw = await rawServer(t, (peer, one) => void (endsRequest(one) && peer.send(rstStream(one.stream, 2))));
  const { failure, origin, connections } = client(t, raw.port);
  const codes = await Promise.all(Array.from({ length: 300 }, () => failure("/")));
  assert.deepEqual([...new Set(codes)], ["stream_reset"]);
  assert.deepEqual([origin.stats().resent, connections() <= 4], [0, true]);
});

test("refusals of everything end each request after its share of tries", async (t) => {
  const raw = await rawServer(t, (peer, one) => void (endsRequest(one) && peer.send(rstStream(one.stream, 7))));
  const { failure, origin } = client(t, raw.port, { resendsMax: 2 });
  const codes = await Promise.all(Array.from({ length: 100 }, () => failure("/", { method: "POST", body: "x" })));
  assert.deepEqual([...new Set(codes)], ["refused"]);
  assert.equal(origin.stats().resent, 200);
});

/** What a server may do wrong: each ends the session as a break of the protocol, and a GET goes on elsewhere. */
const violations: Readonly<Record<string, (peer: RawPeer, stream: number) => readonly Uint8Array[]>> = {
  "a window that overflows": () => [windowUpdate(0, 0x7fff_ffff)],
  "a window that grows by nothing": () => [windowUpdate(0, 0)],
  "data on a stream that nobody opened": () => [data(99, Buffer.from("x"))],
  "resets of streams that nobody opened": () => [rstStream(999, 8)],
  "a request instead of an answer": () => [headers(2)],
  "a PING of a wrong length": () => [frame(frameTypes.ping, 0, 0, Buffer.alloc(7))],
  "a setting that no window can have": () => [settings([[4, 0xffff_ffff]])],
  "a frame larger than was allowed": (_peer, stream) => [answerHead(stream), data(stream, Buffer.alloc(20_000))],
};

for (const [name, make] of Object.entries(violations)) {
  test(`${name}: the session ends, others are not harmed, nothing hangs`, async (t) => {
    const raw = await twoFaced(t, (peer, stream) => peer.send(...make(peer, stream)));
    const { failure, ask, origin } = client(t, raw.port);
    const code = await failure("/");
    assert.ok(["answered 200", "connection_lost", "stream_reset"].includes(code), code);
    assert.equal((await ask("/")).status, 200);
    const { ended, sessions } = origin.stats();
    assert.ok(ended.protocol_error === 1 || sessions[0]?.connection === 1, JSON.stringify(ended));
  });
}

test("more bytes than a window allows end that request, or the session, by name", async (t) => {
  const raw = await twoFaced(t, (peer, stream) => peer.send(answerHead(stream), ...Array.from({ length: 40 }, () => data(stream, Buffer.alloc(16_384)))));
  const { failure, ask, budget } = client(t, raw.port);
  const code = await failure("/", { onHeaders: (controller) => controller.pause() });
  assert.ok(["connection_lost", "stream_reset"].includes(code), code);
  assert.equal(budget.usedBytes, 0);
  raw.peers[0]?.socket.destroy();
  assert.equal((await ask("/")).status, 200);
});

test("floods of PING and SETTINGS are answered and cost no request", async (t) => {
  const raw = await rawServer(t, (peer, one) => {
    if (!endsRequest(one)) return;
    for (let i = 0; i < 500; i++) peer.send(ping(), settings());
    peer.answer(one.stream);
  });
  const { ask } = client(t, raw.port);
  for (let i = 0; i < 3; i++) assert.equal((await ask("/")).status, 200);
});
