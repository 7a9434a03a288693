/** How a session is left: GOAWAY in two steps, nothing begun is lost, and the connection ends, whatever the peer does. */
import assert from "node:assert/strict";
import type { ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { errorNames, flags, frameTypes, headers, ping, RawHttp2, requestFields } from "../../../../scripts/test-support/http2-frames.ts";
import { type Accepted, eventually, type GuardedServer, type GuardedServerOptions, guardedServer } from "../support/h2-server.ts";

const announced = 0x7fff_ffff;

interface Pair {
  readonly guarded: GuardedServer;
  readonly peer: RawHttp2;
  readonly accepted: Accepted;
}

async function pair(t: TestContext, options: GuardedServerOptions): Promise<Pair> {
  const guarded = await guardedServer(options);
  const peer = await RawHttp2.open(guarded.port);
  t.after(async () => {
    peer.close();
    await guarded.close();
  });
  assert.ok(await eventually(() => guarded.accepted.length === 1));
  const [accepted] = guarded.accepted;
  assert.ok(accepted);
  return { guarded, peer, accepted };
}

/** A host that answers when the test says so. */
function heldAnswers(): { readonly held: ServerHttp2Stream[]; readonly onStream: (stream: ServerHttp2Stream) => void } {
  const held: ServerHttp2Stream[] = [];
  return { held, onStream: (stream) => held.push(stream) };
}

const answer = (stream: ServerHttp2Stream | undefined): void => {
  stream?.respond({ ":status": 200 });
  stream?.end("ok");
};
const isDone = (peer: RawHttp2, stream: number): boolean =>
  peer.frames.some((one) => one.stream === stream && one.type === frameTypes.data && (one.flags & flags.endStream) !== 0);

test("a request that crosses the first GOAWAY is served, and the connection ends when it is answered", async (t) => {
  const { held, onStream } = heldAnswers();
  const { guarded, peer, accepted } = await pair(t, { onStream, limits: { announceMs: 60_000 } });
  peer.send(headers(1));
  assert.ok(await eventually(() => held.length === 1));
  accepted.part.drain("draining");
  assert.ok(await peer.until(() => peer.goaways().length === 1 && peer.count(frameTypes.ping) === 1));
  assert.deepEqual(peer.goaways(), [{ lastStream: announced, code: 0 }]);
  peer.send(headers(3));
  assert.ok(await eventually(() => held.length === 2), "the second request is handled");
  const asked = peer.frames.find(({ type }) => type === frameTypes.ping);
  assert.ok(asked);
  peer.send(ping(asked.payload, flags.ack));
  assert.ok(await peer.until(() => peer.goaways().length === 2));
  assert.deepEqual(peer.goaways()[1], { lastStream: 3, code: 0 });
  peer.send(headers(5));
  for (const stream of held) answer(stream);
  assert.ok(await peer.untilEnded());
  assert.equal(peer.ended, "fin");
  assert.ok(isDone(peer, 1) && isDone(peer, 3));
  assert.equal(guarded.handled(), 2, "what came after the second GOAWAY is not handled");
  peer.close();
  assert.ok(await eventually(() => accepted.closed));
  assert.deepEqual(accepted.said, [{ how: "end", code: "draining" }]);
  assert.deepEqual(guarded.counters.ended, { draining: 1 });
  assert.equal(guarded.counters.announced, 1);
});

test("a peer that answers no PING gets the second GOAWAY after announceMs", async (t) => {
  const { held, onStream } = heldAnswers();
  const { peer, accepted } = await pair(t, { onStream, limits: { announceMs: 200 } });
  peer.send(headers(1));
  assert.ok(await eventually(() => held.length === 1));
  accepted.part.drain("draining");
  assert.ok(await peer.until(() => peer.goaways().length === 2));
  assert.equal(accepted.part.phase, "leaving");
  answer(held[0]);
  assert.ok(await peer.untilEnded());
  assert.ok(isDone(peer, 1));
});

test("a stream that does not end is reset at the deadline, so that nobody takes it for complete", async (t) => {
  const { held, onStream } = heldAnswers();
  const { peer, accepted, guarded } = await pair(t, { onStream, limits: { announceMs: 100 } });
  peer.send(headers(1));
  assert.ok(await eventually(() => held.length === 1));
  held[0]?.respond({ ":status": 200 });
  held[0]?.write("half");
  accepted.part.drain("draining", 400);
  assert.ok(await peer.untilEnded());
  assert.equal(errorNames[peer.resets().get(1) ?? -1], "INTERNAL_ERROR");
  assert.equal(isDone(peer, 1), false);
  assert.ok(await eventually(() => guarded.counters.ended.draining === 1));
});

test("a peer that never closes its side is reset after lingerMs", async (t) => {
  const { peer, accepted } = await pair(t, { limits: { announceMs: 100, lingerMs: 300 } });
  accepted.part.drain("draining");
  assert.ok(await peer.until(() => peer.ended === "fin"));
  assert.ok(await eventually(() => accepted.closed));
  assert.deepEqual(accepted.said, [
    { how: "end", code: "draining" },
    { how: "reset", code: "draining" },
  ]);
});

test("a session without streams is left after keepAliveMs, and PINGs do not prolong it but count as proof of life", async (t) => {
  const { peer, accepted, guarded } = await pair(t, { limits: { keepAliveMs: 500, announceMs: 100 } });
  const timer = setInterval(() => peer.send(ping()), 100);
  t.after(() => clearInterval(timer));
  assert.ok(await peer.untilEnded());
  assert.ok(await eventually(() => accepted.said[0]?.code === "idle_timeout"));
  assert.ok(guarded.counters.pings > 0 && accepted.proofs >= guarded.counters.pings);
});

test("a session with an open stream is not idle", async (t) => {
  const { held, onStream } = heldAnswers();
  const { peer, accepted } = await pair(t, { onStream, limits: { keepAliveMs: 200, announceMs: 100 } });
  peer.answersPings = true;
  peer.send(headers(1));
  assert.equal(await peer.until(() => peer.goaways().length > 0, 1_000), false);
  answer(held[0]);
  assert.ok(await peer.untilEnded());
  assert.ok(await eventually(() => accepted.said[0]?.code === "idle_timeout"));
});

test("a session is left at its age, and what is open then is served to its end", async (t) => {
  const { held, onStream } = heldAnswers();
  const { peer, accepted } = await pair(t, { onStream, limits: { ageMs: 300, announceMs: 100 } });
  peer.answersPings = true;
  peer.send(headers(1));
  assert.ok(await peer.until(() => peer.goaways().length === 2));
  answer(held[0]);
  assert.ok(await peer.untilEnded());
  assert.ok(isDone(peer, 1));
  assert.ok(await eventually(() => accepted.said[0]?.code === "age_limit"));
});

test("a session is left after its last request", async (t) => {
  const { peer, accepted, guarded } = await pair(t, { limits: { requestsMax: 3, announceMs: 100 } });
  peer.answersPings = true;
  for (const stream of [1, 3, 5]) {
    peer.send(headers(stream));
    assert.ok(await peer.until(() => isDone(peer, stream)));
  }
  assert.ok(await peer.untilEnded());
  assert.ok(await eventually(() => accepted.said[0]?.code === "requests_limit"));
  assert.equal(accepted.part.requests, 3);
  assert.equal(guarded.counters.streams, 3);
});

test("a session that its host closes ends, and is not counted as ours", async (t) => {
  const { peer, accepted } = await pair(t, { limits: { lingerMs: 300 } });
  peer.send(headers(1, requestFields("/")));
  assert.ok(await peer.until(() => isDone(peer, 1)));
  accepted.session.close();
  assert.ok(await eventually(() => accepted.closed));
  assert.ok(await eventually(() => accepted.said[0]?.code === "host_closed"));
});

test("a peer that leaves is not said to have been ended", async (t) => {
  const { peer, accepted, guarded } = await pair(t, {});
  peer.close();
  assert.ok(await eventually(() => accepted.closed && accepted.part.phase === "gone"));
  assert.deepEqual(accepted.said, []);
  assert.deepEqual(guarded.counters.ended, {});
});

test("when the server is left, idle sessions go at once and those with streams at their slot", async (t) => {
  const { held, onStream } = heldAnswers();
  const { guarded, peer } = await pair(t, { onStream, limits: { announceMs: 100, slot: 0.5 } });
  const idle = await RawHttp2.open(guarded.port);
  peer.answersPings = true;
  peer.send(headers(1));
  assert.ok(await eventually(() => held.length === 1 && guarded.accepted.length === 2));
  for (const { part } of guarded.accepted) part.leave({ windowMs: 2_000, drainMs: 30_000 });
  assert.ok(await idle.untilEnded());
  assert.equal(peer.goaways().length, 0);
  assert.ok(await peer.until(() => peer.goaways().length === 2));
  answer(held[0]);
  assert.ok(await peer.untilEnded());
  assert.ok(isDone(peer, 1));
  assert.ok(await eventually(() => guarded.counters.ended.draining === 2));
});
