/** How many sessions there are, what each takes, and when one is replaced: no request is lost to any of it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { type Frame, frameTypes, settingIds, settings } from "../../../../scripts/test-support/http2-frames.ts";
import { PoolError } from "../../src/pool-error.ts";
import { type Client, type ClientSettings, client, eventually, listening, plain } from "./support/origins.ts";
import { endsRequest, type RawPeer, rawServer } from "./support/raw-server.ts";

interface Served extends Client {
  readonly server: Http2Server;
  readonly sessions: Set<ServerHttp2Session>;
}

async function served(t: TestContext, answer: (stream: ServerHttp2Stream) => void, settings: ClientSettings = {}, streamsMax = 100): Promise<Served> {
  const server = createServer({ settings: { maxConcurrentStreams: streamsMax } });
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("error", () => undefined);
    session.once("close", () => sessions.delete(session));
  });
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.on("error", () => undefined);
    answer(stream);
  });
  return { ...client(t, await listening(t, server), settings), server, sessions };
}

const ok = (stream: ServerHttp2Stream): void => {
  stream.respond({ ":status": 200 });
  stream.end("ok");
};

const later =
  (ms: number) =>
  (stream: ServerHttp2Stream): void => {
    setTimeout(() => !stream.destroyed && ok(stream), ms);
  };

const many = <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/** Answers when told to, and remembers how many requests were open at once. */
function held(): { readonly onFrame: (peer: RawPeer, one: Frame) => void; readonly open: Set<string>; release(): void; most: number } {
  const open = new Map<string, () => void>();
  const names = new Set<string>();
  let isReleased = false;
  const state = {
    most: 0,
    open: names,
    onFrame: (peer: RawPeer, one: Frame): void => {
      if (!endsRequest(one)) return;
      const name = `${peer.number}:${one.stream}`;
      names.add(name);
      state.most = Math.max(state.most, names.size);
      const answer = (): void => {
        names.delete(name);
        peer.answer(one.stream);
      };
      if (isReleased) setTimeout(answer, 1);
      else open.set(name, answer);
    },
    release: (): void => {
      isReleased = true;
      for (const answer of open.values()) answer();
      open.clear();
    },
  };
  return state;
}

test("all requests share one session while it has room", async (t) => {
  const { ask, connections } = await served(t, later(5));
  await many(100, () => ask("/"));
  assert.equal(connections(), 1);
});

test("no more streams are open than the peer allows, and a second session is opened only then", async (t) => {
  const { onFrame, release, open } = held();
  const raw = await rawServer(t, onFrame, [[settingIds.maxConcurrentStreams, 10]]);
  const { ask, origin, connections } = client(t, raw.port, { sessionsMax: 2 });
  const first = ask("/");
  assert.ok(await eventually(() => origin.stats().sessions[0]?.streamsMax === 10));
  const nine = many(9, () => ask("/"));
  assert.ok(await eventually(() => open.size === 10));
  assert.equal(connections(), 1);
  const more = many(20, () => ask("/"));
  assert.ok(await eventually(() => open.size === 20 && origin.stats().waiting === 10));
  assert.equal(connections(), 2);
  release();
  await Promise.all([first, nine, more]);
  assert.equal(origin.stats().answered, 30);
});

test("a limit of streams that changes under way is kept to, down to none and up again", async (t) => {
  const { onFrame, release, open } = held();
  const raw = await rawServer(t, onFrame, [[settingIds.maxConcurrentStreams, 5]]);
  const { ask, origin } = client(t, raw.port, { sessionsMax: 1 });
  const first = ask("/");
  assert.ok(await eventually(() => origin.stats().sessions[0]?.streamsMax === 5));
  const all = many(20, () => ask("/"));
  assert.ok(await eventually(() => open.size === 5));
  const [peer] = raw.peers;
  assert.ok(peer);
  const limit = async (streams: number): Promise<void> => {
    peer.send(settings([[settingIds.maxConcurrentStreams, streams]]));
    assert.ok(await eventually(() => origin.stats().sessions[0]?.streamsMax === streams));
  };
  await limit(0);
  release();
  assert.ok(await eventually(() => open.size === 0 && origin.stats().sessions[0]?.streams === 0));
  assert.equal(origin.stats().waiting, 16);
  const begun = peer.count(frameTypes.headers);
  // Long enough for a request to slip through, if one did.
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(peer.count(frameTypes.headers), begun);
  await limit(3);
  await Promise.all([first, all]);
  assert.deepEqual([origin.stats().answered, origin.stats().failed], [21, 0]);
});

test("who finds the queue full, or waits in it too long, is told so, and nothing of it was sent", async (t) => {
  const { onFrame, open, release } = held();
  const raw = await rawServer(t, onFrame, [[settingIds.maxConcurrentStreams, 1]]);
  const { ask, origin } = client(t, raw.port, { sessionsMax: 1, streamsMax: 1, queueMax: 2, acquireTimeoutMs: 100 });
  const first = ask("/");
  assert.ok(await eventually(() => open.size === 1));
  const outcomes = await many(4, () => ask("/").catch((error: unknown) => error));
  const codes = outcomes.map((error) => error instanceof PoolError && [error.code, error.outcome].join(" "));
  assert.deepEqual(codes, ["acquire_timeout not_sent", "acquire_timeout not_sent", "queue_full not_sent", "queue_full not_sent"]);
  assert.equal(origin.stats().waiting, 0);
  release();
  await first;
});

test("a session that could not be made fails those that wait for it, and the next request tries again", async (t) => {
  let fails = true;
  const server = createServer();
  server.on("stream", ok);
  const port = await listening(t, server);
  const { ask, failure } = client(t, port, {
    connect: () => (fails ? Promise.reject(new PoolError("connect_failed", "nobody listens")) : plain(port)),
  });
  assert.deepEqual(await many(3, () => failure("/")), ["connect_failed", "connect_failed", "connect_failed"]);
  fails = false;
  assert.equal((await ask("/")).status, 200);
});

test("an old session is replaced before it is left, under load, and nothing fails", async (t) => {
  const { ask, origin, connections } = await served(t, later(10), { ageMs: 150 });
  const deadline = performance.now() + 20_000;
  const work = async (i: number): Promise<void> => {
    while ((origin.stats().ended.age_limit ?? 0) < 3 && performance.now() < deadline)
      assert.equal((await ask("/", i % 2 === 0 ? {} : { method: "POST", body: `body ${i}` })).status, 200);
  };
  await many(50, work);
  const { failed, ended } = origin.stats();
  assert.equal(failed, 0);
  assert.ok((ended.age_limit ?? 0) >= 3, JSON.stringify(ended));
  assert.ok(connections() <= 50, "replaced by age, not by request");
});

test("a session that can not be replaced stays in use until it can", async (t) => {
  let fails = false;
  const server = createServer();
  server.on("stream", later(20));
  const port = await listening(t, server);
  const { ask, origin, connections } = client(t, port, {
    ageMs: 100,
    connect: () => (fails ? Promise.reject(new PoolError("connect_failed", "nobody listens")) : plain(port)),
  });
  await ask("/");
  fails = true;
  const until = performance.now() + 500;
  await many(5, async () => {
    while (performance.now() < until) await ask("/");
  });
  assert.deepEqual([origin.stats().failed, origin.stats().sessions.length], [0, 1]);
  assert.ok(connections() >= 2, "it was tried");
  fails = false;
  while ((origin.stats().ended.age_limit ?? 0) === 0) await ask("/");
  assert.equal(origin.stats().failed, 0);
});

test("a session without requests is closed after a while, and one that carried enough is replaced", async (t) => {
  const idle = await served(t, ok, { idleMs: 50 });
  await idle.ask("/");
  assert.ok(await eventually(() => idle.origin.stats().ended.idle_limit === 1 && idle.sessions.size === 0));
  await idle.ask("/");
  assert.equal(idle.connections(), 2);

  const counted = await served(t, ok, { requestsMax: 10 });
  for (let i = 0; i < 35; i++) await counted.ask("/");
  assert.ok((counted.origin.stats().ended.requests_limit ?? 0) >= 2);
  assert.equal(counted.origin.stats().failed, 0);
});

test("closing answers what was taken and takes nothing more; destroying fails what is open", async (t) => {
  const closing = await served(t, later(50));
  const asked = many(5, () => closing.ask("/"));
  assert.ok(await eventually(() => closing.origin.stats().sessions[0]?.streams === 5));
  const closed = closing.origin.close();
  assert.equal(await closing.failure("/"), "closed");
  assert.deepEqual(
    (await asked).map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  await closed;
  assert.deepEqual(closing.origin.stats().ended, { pool_closed: 1 });

  const destroyed = await served(t, () => undefined);
  const open = many(3, () => destroyed.ask("/").catch((error: Error) => error.message));
  assert.ok(await eventually(() => destroyed.origin.stats().sessions[0]?.streams === 3));
  destroyed.origin.destroy(new Error("no more"));
  assert.deepEqual(await open, ["no more", "no more", "no more"]);
  assert.ok(await eventually(() => destroyed.sessions.size === 0));
  assert.equal(destroyed.budget.usedBytes, 0);
});

test("an idle origin keeps no process alive, and one that waits for an answer does", async () => {
  const program = `
    import { createServer } from "node:http2";
    import { client } from ${JSON.stringify(new URL("./support/origins.ts", import.meta.url).href)};
    const server = createServer();
    server.on("stream", (stream) => setTimeout(() => { stream.respond({ ":status": 200 }); stream.end(); }, 50));
    server.on("session", (session) => session.unref());
    server.listen(0, async () => {
      server.unref();
      const { ask } = client({ after() {} }, server.address().port);
      await ask("/");
      console.log("answered");
    });`;
  const { stdout, status, stderr } = spawnSync(process.execPath, [...process.execArgv, "--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  assert.equal(stdout, "answered\n", stderr);
  assert.equal(status, 0);
});
