/** The same over TLS, where the socket that Node shows is not the one that is full, and where the last GOAWAY can not be announced. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { onePair } from "../../../../scripts/test-support/certificates.ts";
import { errorNames, flags, frameTypes, headers, ping, RawHttp2, settingIds, windowUpdate } from "../../../../scripts/test-support/http2-frames.ts";
import { needs } from "../../../../scripts/test-support/needs.ts";
import { eventually, type GuardedServer, type GuardedServerOptions, guardedServer } from "../support/h2-server.ts";

const tls = onePair() ?? undefined;
const wide = [[settingIds.initialWindowSize, 0x7fff_ffff]] as const;

async function start(t: TestContext, options: GuardedServerOptions): Promise<GuardedServer> {
  const guarded = await guardedServer({ ...(tls === undefined ? {} : { tls }), ...options });
  t.after(() => guarded.close());
  return guarded;
}

const open = (guarded: GuardedServer, pairs: readonly (readonly [number, number])[] = []): Promise<RawHttp2> =>
  RawHttp2.open(guarded.port, pairs, { rejectUnauthorized: false });

const responding =
  (bytes: number): NonNullable<GuardedServerOptions["onStream"]> =>
  (stream) => {
    stream.respond({ ":status": 200 });
    stream.end(Buffer.alloc(bytes));
  };

test("a response in one piece to a slow reader arrives whole", { skip: needs("openssl") }, async (t) => {
  const bytes = 24 << 20;
  const guarded = await start(t, { limits: { windowStallMs: 1_500 }, onStream: responding(bytes) });
  const peer = await open(guarded, wide);
  peer.send(windowUpdate(0, 0x7ffe_0000), headers(1));
  const timer = setInterval(() => {
    peer.socket.resume();
    setTimeout(() => peer.socket.pause(), 3);
  }, 150);
  t.after(() => clearInterval(timer));
  const isDone = (): boolean => peer.frames.some(({ type, flags: bits }) => type === frameTypes.data && (bits & flags.endStream) !== 0);
  assert.ok(await eventually(isDone, 50_000), `ended: ${JSON.stringify(guarded.counters.ended)}`);
  assert.deepEqual(guarded.counters.ended, {});
  peer.close();
});

test("a reader that takes nothing is ended, by a reset if need be", { skip: needs("openssl") }, async (t) => {
  const guarded = await start(t, { limits: { windowStallMs: 600 }, onStream: responding(8 << 20) });
  const [windowless, unread] = [await open(guarded, [[settingIds.initialWindowSize, 0]]), await open(guarded, wide)];
  windowless.send(headers(1));
  unread.socket.pause();
  unread.send(windowUpdate(0, 0x7ffe_0000), headers(1));
  assert.ok(await eventually(() => guarded.accepted.every(({ closed }) => closed), 15_000));
  assert.deepEqual(guarded.counters.ended, { slow_reader: 2 });
  for (const peer of [windowless, unread]) peer.close();
});

test("a flood is answered with GOAWAY, and the connection ends", { skip: needs("openssl") }, async (t) => {
  const guarded = await start(t, {});
  const peer = await open(guarded);
  for (let i = 0; i < 500; i++) peer.send(ping());
  assert.ok(await peer.untilEnded());
  assert.equal(errorNames[peer.goaways()[0]?.code ?? -1], "ENHANCE_YOUR_CALM");
  assert.ok(await eventually(() => guarded.accepted[0]?.closed === true));
});

test("a session is left in one step: what is open is served, and the connection ends", { skip: needs("openssl") }, async (t) => {
  const held: (() => void)[] = [];
  const guarded = await start(t, { onStream: (stream, path) => held.push(() => responding(2)(stream, path)) });
  const peer = await open(guarded);
  peer.send(headers(1));
  assert.ok(await eventually(() => held.length === 1));
  guarded.accepted[0]?.part.drain("draining");
  assert.ok(await peer.until(() => peer.goaways().length === 1));
  assert.deepEqual(peer.goaways(), [{ lastStream: 1, code: 0 }]);
  held[0]?.();
  assert.ok(await peer.untilEnded());
  assert.equal(peer.count(frameTypes.data, 1), 1);
  assert.equal(guarded.counters.announced, 0);
});
